"""What to do about a field that cannot be sent: one sentence for a clerk, by field or reason."""

from collections.abc import Mapping
from types import MappingProxyType

from services.exchange.fields import COMPETENCES

_PLACE = "Give the place in pupils.csv as it stands on the certificate"
_LEVEL = "Complete the marks of the term, or import the origin's results (paper_results.csv)"
_TRAINING = "Give the training result in conduct.csv"
_CODES = "List the ministry's code in the file given with --codes"
_HEAD = "Name the school's head in staff.csv (role hieu_truong), with personal_id"
_HOMEROOM = "Name the homeroom teacher in assignments.csv (subject empty), and in staff.csv"

_BY_FIELD: Mapping[str, str] = MappingProxyType(
    {
        "sodinhdanh": "Without a personal number no digital transcript is issued: obtain the "
        "number from the police and import it in identifiers.csv (kind personal_id)",
        "mahocsinh": "Take the pupil's code from the ministry's database and import it in "
        "identifiers.csv (kind moet)",
        "masogd": "Put the school under its province in units.csv",
        "tensogd": "Put the school under its province in units.csv",
        "thongtintruong_diachi_matinh": "Put the school under its province in units.csv, with "
        "the province's two-digit code",
        "thongtintruong_diachi_tentinh": "Put the school under its province in units.csv",
        "thongtintruong_diachi_tenxa": "Put the school under its commune in units.csv",
        "diadanhphathanh": "Put the school under its commune in units.csv",
        **{
            f"{place}_diachichitiet": f"{_PLACE} ({column}_text)"
            for place, column in (
                ("noisinh", "birth_place"),
                ("quequan", "home_town"),
                ("noiohiennay", "residence"),
            )
        },
        "dantoc": "Give the ethnic group in pupils.csv by its official name or code",
        "quoctich": "Give the nationality in pupils.csv by its two-letter code (VN)",
        "ngaythangnamsinh": "Give the birth date in pupils.csv",
        "nghicophep": "Give the year's absences in absences.csv",
        "nghikhongphep": "Give the year's absences in absences.csv",
        "sobuoinghi": "Correct the year's absences in absences.csv",
        "cannang": "Correct the weight in health.csv",
        "chieucao": "Correct the height in health.csv",
        "tengiamhieu": _HEAD,
        "soddcngiamhieu": _HEAD,
        "chucvugiamhieu": _HEAD,
        "tengvcn": _HOMEROOM,
        "soddcngvcn": "Give the homeroom teacher's personal_id in staff.csv",
        "gvbm": "Name the subject's teacher in assignments.csv",
        "soddcngvbm": "Give the subject teacher's personal_id in staff.csv",
        "ngaykyphathanh": "Close the year in decisions.csv (close_year); then export again",
        "ngaytao": "Close the year in decisions.csv (close_year); then export again",
        "duoclenlop": "Complete the year, or decide promote or retain in decisions.csv",
        "ndungduoclenlop": "Complete the year, or decide promote or retain in decisions.csv",
        "dahthanhctrinhlophoc": "Complete the year, or decide promote or retain in decisions.csv",
        "dahthanhctrinhtieuhoc": "Complete the year, or decide promote or retain in decisions.csv",
        "xeploai": "Complete the year's levels, tests, qualities and competences",
        "nxetgvcn": "Give the homeroom teacher's comment in comments.csv (subject empty, time CN)",
        "nxetnanglucchung": "Give the homeroom teacher's comment in comments.csv "
        "(subject empty, time CN)",
        "nxetnanglucdacthu": "Give the homeroom teacher's comment in comments.csv "
        "(subject empty, time CN)",
        "mamonhoc": _CODES,
        "tenlop": "Put the pupil into a homeroom class (enrolments.csv)",
        "hocky1": _LEVEL,
        "hocky2": _LEVEL,
        "canam": _LEVEL,
        "renluyenhocky1": _TRAINING,
        "renluyenhocky2": _TRAINING,
        "renluyencanam": _TRAINING,
        **dict.fromkeys(
            COMPETENCES.values(), "Give the level at the year's end in qualities.csv (time CN)"
        ),
    }
)

_BY_REASON: Mapping[str, str] = MappingProxyType(
    {
        "missing": "Fill it in where it is kept, and export again",
        "too_long": "Shorten it where it is kept; the exchange takes no more characters",
        "not_text": "Correct it where it is kept",
        "not_a_number": "Correct the number where it is kept",
        "out_of_range": "Correct the number where it is kept",
        "not_in_list": "Correct it to a code of the exchange's list",
        "wrong_form": "Correct it where it is kept",
        "bad_date": "Correct the date where it is kept",
        "no_code": "Nothing: the exchange has no code for it; the ledger keeps the result",
        "damaged_entry": "Run hocba verify, and restore what is damaged",
        "wrong_key": "Run hocba verify, and restore the keys from their backup",
        "exchange_version": "Another export sent the record meanwhile; export again",
        "sent_later": "A later state was sent already; leave out --known-at",
        "pupil_released": "The school that has the pupil's record now sends it",
    }
)

_LENGTHS: Mapping[str, str] = MappingProxyType(
    {
        "masogd": "The exchange takes 2 characters: give the department's code for the "
        "province in codes.csv (kind department)",
        "tenlop": "The exchange takes 10 characters: give the class a shorter name in classes.csv",
        "nxetgvcn": "Shorten the comment in comments.csv to 2000 characters",
        "nxetmonhoc": "Shorten the comment in comments.csv to 2000 characters",
        "nxetnanglucchung": "Shorten the comment in comments.csv to 500 characters",
        "nxetnanglucdacthu": "Shorten the comment in comments.csv to 500 characters",
        "hovaten": "A name of over 150 characters cannot be sent; ask the exchange's help desk",
    }
)


def mend(name: str, reason: str) -> str:
    """What to do about the field `name`, which is wrong for `reason`."""
    if reason == "too_long":
        return _LENGTHS.get(name, _BY_REASON[reason])
    if name == "idbanghi" or reason == "no_code":
        return _BY_REASON[reason]
    return _BY_FIELD.get(name, _BY_REASON[reason])
