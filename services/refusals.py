"""Refusals of a transfer in Vietnamese, as a clerk reads them.

The package `transfer` says in English what is wrong. Its sentences are the keys here, with `{}`
where something is named; a test fails while one has no Vietnamese. A state of a case that is named
in one is told in the words of the screens.
"""

import re
from contextvars import ContextVar
from functools import cache

from services.words import FAILURES, STATES
from transfer.errors import CaseRefused, CheckFailed

language: ContextVar[str] = ContextVar("language", default="en")
"""The language of the command that runs, `vi` or `en`."""

_STATE = "hồ sơ đang ở tình trạng “{}”"

SENTENCES: dict[str, str] = {
    # Requests, decisions and releases
    "there is no such transfer here": "nơi này không có hồ sơ chuyển trường đó",
    "the case is {}": _STATE + "; không làm được việc này",
    "the case is {}; the head has not agreed to it": _STATE + "; hiệu trưởng chưa đồng ý tiếp nhận",
    "the case is {}; there is no application to decide": _STATE
    + "; không có đơn nào chờ quyết định",
    "the case is {}; there are no papers agreed to": _STATE + "; chưa đồng ý tiếp nhận hồ sơ giấy",
    "the case is {}; only an open request can be declined": (
        _STATE + "; chỉ từ chối được đề nghị đang mở"
    ),
    "the case is {}; it cannot be rejected": _STATE + "; không trả lại được nữa",
    "the case is {}; there is no dossier to issue again": _STATE + "; không có hồ sơ để gửi lại",
    "the case is {}; there is no checked dossier to accept": (
        _STATE + "; chưa có hồ sơ đã kiểm tra để tiếp nhận"
    ),
    "the case is {}; no pupil of ours is confirmed in it": (
        _STATE + "; chưa xác nhận học sinh nào của nơi này"
    ),
    "the case is of another pupil, or names another ledger": (
        "hồ sơ này của học sinh khác, hoặc với nơi khác"
    ),
    "the application is of another pupil, or names another ledger": (
        "đơn này của học sinh khác, hoặc với nơi khác"
    ),
    "this transfer id is in use": "số hồ sơ này đã dùng cho việc khác",
    "this ledger asked for that pupil; it cannot release": (
        "nơi này là bên xin học sinh; bên đang giữ hồ sơ mới bàn giao được"
    ),
    "another pupil was released in this case; recall it first": (
        "đã bàn giao nhầm học sinh khác trong hồ sơ này; thu hồi hồ sơ đó trước"
    ),
    "nobody has said yet which pupil of ours it is; give --pupil KEY": (
        "chưa ai xác nhận là học sinh nào của nơi này; ghi --pupil MÃ"
    ),
    "the pupil was erased; there is nobody to ask for": "học sinh đã được xóa; không còn ai để xin",
    "the pupil was erased; there is nobody to show a record of": (
        "học sinh đã được xóa; không còn hồ sơ để cho xem"
    ),
    "nothing was released in this case": "hồ sơ này chưa bàn giao gì",
    "nothing was accepted in this case": "hồ sơ này chưa tiếp nhận gì",
    "the dossier is not sealed yet; try again": "hồ sơ chưa niêm phong xong; thử lại",
    "too_large: {} bytes, at most {} travel": "hồ sơ quá lớn: {} byte, chỉ gửi được tối đa {}",
    # Taking in
    "no dossier of this transfer has arrived yet": "hồ sơ chưa đến",
    "no dossier of this transfer is here": "ở đây không có hồ sơ này",
    "this transfer was {} already": "hồ sơ này đã kết thúc: {}",
    "this transfer was rejected here; a new one has to be made": (
        "hồ sơ này đã trả lại; phải làm đề nghị mới"
    ),
    "this record was here before, as id:{}; take it in there": (
        "học sinh này đã có ở đây, mã id:{}; tiếp nhận vào đó"
    ),
    "this record holds another history already; take this one in as a record of its own, "
    "or reject it": (
        "học sinh này đã có quá trình học khác; tiếp nhận thành hồ sơ riêng, hoặc trả lại"
    ),
    "this record was released in transfer {}, which this dossier does not follow; it can be taken "
    "in once that release is undone": (
        "học sinh đã bàn giao đi trong hồ sơ {} mà hồ sơ này không nối tiếp; tiếp nhận được khi "
        "lần bàn giao đó bị hủy"
    ),
    "the dossier tells no name; make the pupil's record first": (
        "hồ sơ không có họ tên; nhập học sinh trước"
    ),
    "ruling {} gave custody to this ledger; accept the record": (
        "phán quyết {} giao hồ sơ cho nơi này; hãy tiếp nhận"
    ),
    "this ledger accepted it before it was restored from a backup, and the other side knows: it "
    "can be accepted again, or sent back": (
        "nơi này đã tiếp nhận trước khi khôi phục dữ liệu và bên kia đã biết: chỉ tiếp nhận lại, "
        "hoặc trả lại bằng một lần chuyển mới"
    ),
    "the import report is the receiving school's": "chỉ trường đến có báo cáo tiếp nhận",
    # Holds, recalls, returns
    "the case is held by document {}; lift the hold by another document first": (
        "hồ sơ đang tạm dừng theo văn bản {}; bỏ tạm dừng bằng một văn bản khác trước"
    ),
    "the case is {}; there is nothing to hold": _STATE + "; không còn gì để tạm dừng",
    "the case is {}; there is nothing to recall": _STATE + "; không có gì để thu hồi",
    "the case is {}; only what was accepted here goes back": (
        _STATE + "; chỉ trả lại được hồ sơ đã tiếp nhận ở đây"
    ),
    "the record was released in transfer {}": "hồ sơ đã bàn giao trong lần chuyển {}",
    # Supplements
    "the case is {}; what is proposed waits for its end": (
        _STATE + "; phần bổ sung chờ đến khi hồ sơ này kết thúc"
    ),
    "the record is managed here; what is written here counts": (
        "hồ sơ do nơi này quản lý; điểm nhập ở đây được tính ngay"
    ),
    "the record is managed here again; enter what is late as usual": (
        "hồ sơ lại do nơi này quản lý; nhập điểm muộn như thường"
    ),
    "nothing had come in this case that could be supplemented": (
        "chưa có hồ sơ nào đến để bổ sung"
    ),
    "another child's record had come; nothing is proposed to it": (
        "hồ sơ đã đến là của học sinh khác; không bổ sung vào đó"
    ),
    "this ledger proposes in this case; the other one decides": (
        "nơi này là bên đề nghị bổ sung; bên kia quyết định"
    ),
    "nothing was proposed in this case": "hồ sơ này không có đề nghị bổ sung",
    "no supplement {} was made in this case": "hồ sơ này không có lần bổ sung số {}",
    "{} of the proposals sent are not in the log any more": "{} đề nghị đã gửi không còn trong sổ",
    "the proof of an accepted proposal is not here": (
        "thiếu bằng chứng của một đề nghị đã chấp nhận"
    ),
    "an answer to a supplement that was not sent there": "trả lời một lần bổ sung không gửi đến đó",
    "an answer about other proposals than were sent": "trả lời về đề nghị khác với đã gửi",
    "a message that does not say where the pupil went": "tin không nói học sinh đã đi đâu",
    # Answers that do not fit, as the list of what was set aside shows them
    "an answer in a case that is not between us": "trả lời một hồ sơ không phải giữa hai bên",
    "a cancelling by the side that was asked": "bên được xin không hủy đề nghị được",
    "an answer that does not fit a case that is {}": "trả lời không khớp: " + _STATE,
    "a second, different decision about one transfer": "quyết định thứ hai khác quyết định trước",
    "an answer to a question that was not asked": "trả lời một câu hỏi không có",
    "a problem with a message that was not sent": "báo lỗi một tin không gửi",
    "a recall in a case that is not between us": "thu hồi một hồ sơ không phải giữa hai bên",
    # The ministry
    "the ruling is about a transfer between two other ledgers": "phán quyết về hai nơi khác",
    "the ruling names other parties than the case has": "phán quyết nêu các bên khác với hồ sơ",
    "the ruling is about another transfer": "phán quyết về hồ sơ khác",
    "not a ruling to be obeyed: {}": "không phải phán quyết phải theo: {}",
    "the record was passed on in transfer {}; that one needs a ruling first": (
        "hồ sơ đã chuyển tiếp trong lần chuyển {}; lần đó cần phán quyết trước"
    ),
    "the case is {}; nothing is out that the receiver could have": (
        _STATE + "; chưa có gì gửi đi mà bên nhận có thể giữ"
    ),
    "another ruling about this transfer was taken in before; ask the ministry which holds": (
        "đã có phán quyết khác về hồ sơ này; hỏi Bộ phán quyết nào có hiệu lực"
    ),
    "only the ministry that the trust bundle names can rule": (
        "chỉ Bộ, theo danh sách tin cậy, mới phán quyết được"
    ),
    "the pupil was erased; the register cannot be told any more": (
        "học sinh đã được xóa; không báo sổ của Bộ được nữa"
    ),
    "nothing of this transfer is here that has a token": "ở đây không có gì để báo sổ của Bộ",
    "an answer of a custody register that our trust bundle does not name": (
        "trả lời của một sổ không có trong danh sách tin cậy"
    ),
    "an answer about a transfer that the register was not told of": (
        "trả lời về hồ sơ chưa báo sổ của Bộ"
    ),
    "this ledger keeps no custody register": "nơi này không giữ sổ quản lý hồ sơ",
    "a ledger tells the register of its own releases and decisions only": (
        "mỗi nơi chỉ báo việc bàn giao và quyết định của mình"
    ),
}
"""English sentence to Vietnamese; `{}` stands for the same thing in both, in the same order."""

CODES: dict[str, str] = {
    "unknown_case": "không có hồ sơ chuyển trường mang số này ở đây",
    "unknown_pupil": "không có học sinh mang mã này",
    "ambiguous_pupil": "nhiều học sinh cùng mang mã này; ghi mã đầy đủ",
    "pupil_released": "hồ sơ học sinh đã bàn giao đi; nơi đang quản lý hồ sơ mới ghi được",
    "awaits_papers": "học sinh đang học tạm, chờ hồ sơ; trường cũ mới bàn giao được",
    "linked_record": (
        "học sinh có hai hồ sơ đã nối ở đây; tách ra rồi bàn giao hồ sơ có quá trình học"
    ),
    "unknown_reason": "lý do là một mã trong danh sách, không phải một câu",
    "unknown_proposal": "không có đề nghị bổ sung mang mã này",
    "proposal_depends": "đề nghị sửa một điểm cũng đang đề nghị: chấp nhận cả hai hoặc không",
    "unknown_ledger": "không có nơi này trong danh sách tin cậy",
    "no_ledger": "chưa có sổ nào ở đây; chạy `hocba init` trước",
    "fenced": "dữ liệu vừa khôi phục từ bản sao lưu; chạy `hocba recover` trước",
    "applied_before": (
        "học sinh đã có đơn đang mở với trường hoặc ngày khác; làm tiếp hoặc kết thúc đơn đó"
    ),
    "day_out_of_range": "ngày đầu tiên cách ngày nộp đơn hơn một năm; xem lại năm",
    "not_fenced": "không thiếu gì; không cần khôi phục",
    "not_allowed": "tài khoản không được làm việc này",
    "cannot_write": "không ghi được tệp",
}
"""What errors with a code say, by the code."""


def in_vietnamese(error: Exception) -> str | None:
    """What an error says, in Vietnamese; None where only the English is known."""
    if isinstance(error, CaseRefused):
        return sentence(str(error))
    if isinstance(error, CheckFailed):
        known = FAILURES.get(error.code)
        return f"kiểm tra {error.step}: {known[0]}" if known else None
    return CODES.get(str(getattr(error, "code", "")))


def sentence(english: str) -> str | None:
    """A sentence of `transfer` in Vietnamese."""
    for pattern, vietnamese in _patterns():
        found = pattern.fullmatch(english)
        if found is not None:
            named = (STATES[one][0] if one in STATES else one for one in found.groups())
            return vietnamese.format(*named)
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The longest first: a sentence may begin as another one does."""
    longest = sorted(SENTENCES.items(), key=lambda item: -len(item[0]))
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, english.split("{}")))), vietnamese)
        for english, vietnamese in longest
    )
