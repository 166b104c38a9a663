"""English names of subjects and the descriptions of grading schemes, for readers abroad.

The names follow the English titles of the general education programme of 2018; there is no
official list, so they are a translation and not a code.
"""

from collections.abc import Mapping
from types import MappingProxyType

SUBJECT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "TIENGVIET": "Vietnamese",
        "TOAN": "Mathematics",
        "NGUVAN": "Literature",
        "NGOAINGU1": "Foreign Language 1",
        "NGOAINGU2": "Foreign Language 2",
        "LICHSU": "History",
        "DIALI": "Geography",
        "LSDL": "History and Geography",
        "KHTN": "Natural Sciences",
        "VATLI": "Physics",
        "HOAHOC": "Chemistry",
        "SINHHOC": "Biology",
        "TINHOC": "Informatics",
        "CONGNGHE": "Technology",
        "TINHOCCONGNGHE": "Informatics and Technology",
        "GDCD": "Civic Education",
        "GDKTPL": "Economic and Legal Education",
        "GDQPAN": "National Defence and Security Education",
        "GDTC": "Physical Education",
        "NGHETHUAT": "Arts",
        "AMNHAC": "Music",
        "MITHUAT": "Fine Arts",
        "HDTNHN": "Experiential Activities and Career Guidance",
        "HDTN": "Experiential Activities",
        "GDDP": "Local Education",
        "TIENGDTTS": "Ethnic Minority Language",
        "DAODUC": "Ethics",
        "TNXH": "Nature and Society",
        "KHOAHOC": "Science",
    }
)

SCHEMES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "score": (
            ("vi", "Thang điểm 10, một chữ số thập phân."),
            ("en", "0 to 10 with one decimal; 10 is the best."),
        ),
        "comment": (
            ("vi", "Đ: Đạt; CĐ: Chưa đạt."),
            ("en", "Đ: passed; CĐ: not passed. The subject has no scores."),
        ),
        "exempt": (
            ("vi", "M: được miễn."),
            ("en", "M: exempted."),
        ),
        "primary-level": (
            ("vi", "T: Hoàn thành tốt; H: Hoàn thành; C: Chưa hoàn thành."),
            ("en", "T: completed well; H: completed; C: not completed."),
        ),
        "study-4": (
            ("vi", "Kết quả học tập cả năm. T: Tốt; K: Khá; Đ: Đạt; CĐ: Chưa đạt."),
            (
                "en",
                "The year's result in all subjects, best first. "
                "T: good; K: fair; Đ: satisfactory; CĐ: unsatisfactory.",
            ),
        ),
        "study-5": (
            ("vi", "Học lực cả năm. G: Giỏi; K: Khá; Tb: Trung bình; Y: Yếu; Kém."),
            (
                "en",
                "The year's result in all subjects, best first. "
                "G: excellent; K: fair; Tb: average; Y: weak; Kém: poor.",
            ),
        ),
        "study-primary": (
            (
                "vi",
                "HTXS: Hoàn thành xuất sắc; HTT: Hoàn thành tốt; HT: Hoàn thành; "
                "CHT: Chưa hoàn thành.",
            ),
            (
                "en",
                "The year's result, best first. HTXS: completed with excellence; "
                "HTT: completed well; HT: completed; CHT: not completed.",
            ),
        ),
    }
)
"""Scheme to its descriptions by language."""

STUDY_SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("TT22_2021", "TT43_2021"), "study-4"),
        **dict.fromkeys(("TT58_2011", "TT26_2020"), "study-5"),
        **dict.fromkeys(("TT27_2020", "TT22_2016", "TT30_2014"), "study-primary"),
    }
)
"""Which scheme the year's result follows, by regulation."""
