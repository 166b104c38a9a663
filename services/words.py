"""The words of screens, in Vietnamese and English: states, checks, failures of a transfer.

Clerks never see Merkle, ledger, commit, hash or JSON (users' words, U and screens).
"""

STATES: dict[str, tuple[str, str]] = {
    "applied": ("Đã nộp đơn, chờ hiệu trưởng", "applied, the head to decide"),
    "agreed": ("Đồng ý tiếp nhận", "agreed to"),
    "refused": ("Từ chối tiếp nhận", "refused"),
    "recalling": ("Thu hồi hồ sơ, chờ trả lời", "recalled, to be answered"),
    "requested": ("Đề nghị tiếp nhận", "requested"),
    "released": ("Đã bàn giao, đang chuyển", "released, in transit"),
    "received": ("Đã nhận hồ sơ, chờ tiếp nhận", "received, to be accepted"),
    "accepted": ("Đã tiếp nhận", "accepted"),
    "rejected": ("Trả lại hồ sơ", "rejected"),
    "withdrawn": ("Đã rút đề nghị", "withdrawn before anything came"),
    "declined": ("Từ chối đề nghị", "declined"),
    "problem": ("Hồ sơ lỗi, chờ gửi lại", "a message failed, to be sent again"),
    "left": ("Đã chuyển đi, hồ sơ giấy", "left, with papers"),
    "follow_up": ("Hồ sơ bổ sung của trường trước", "a supplement of an earlier school"),
}

WAITING: dict[str, tuple[str, str]] = {
    "decide": ("hiệu trưởng trường đến quyết định", "the head of the receiver to decide"),
    "request": ("trường đến gửi đề nghị", "the receiver to send its request"),
    "recall_answer": ("trường đến trả lời thu hồi", "the receiver to answer the recall"),
    "lift_hold": ("tạm dừng theo văn bản", "held by a document"),
    "release": ("trường đi bàn giao hồ sơ", "the origin to release"),
    "delivery": ("hồ sơ đang trên đường", "delivery"),
    "accept": ("trường đến tiếp nhận", "the receiver to accept"),
    "register_conflict": (
        "hai nơi cùng quản lý hồ sơ, hỏi Bộ",
        "the custody register has another custodian; ask the ministry",
    ),
    "ruling_conflict": (
        "hai phán quyết khác nhau, hỏi Bộ",
        "two different rulings; ask the ministry which holds",
    ),
    "offer": ("trường đi gửi hồ sơ bổ sung", "late marks to be sent as a supplement"),
    "supplement": ("quyết định về hồ sơ bổ sung", "the supplement to be decided"),
    "supplement_answer": (
        "trường đang quản lý hồ sơ trả lời bổ sung",
        "the supplement to be answered",
    ),
    "reissue": ("trường đi gửi lại hồ sơ", "the origin to send it again"),
    "papers": ("trường đến nhập hồ sơ giấy và tiếp nhận", "the receiver to take the papers in"),
    "consent": ("trường đi đồng ý cho chuyển", "the school left to consent"),
    "identify": ("trường đến xác định học sinh", "the receiver to say which pupil it is"),
}

CASE_COLUMNS: dict[str, tuple[str, str]] = {
    "case": ("Số hồ sơ", "Case"),
    "state": ("Tình trạng", "State"),
    "from": ("Từ", "From"),
    "to": ("Đến", "To"),
    "pupil": ("Học sinh", "Pupil"),
    "waiting_for": ("Đang chờ", "Waiting for"),
    "registered": ("Sổ của Bộ", "Register"),
    "age_days": ("Số ngày", "Days"),
    "due_on": ("Hạn", "Due"),
    "line": ("Dòng", "Line"),
    "pupil_key": ("Mã học sinh", "Pupil's key"),
    "failure": ("Lý do", "Reason"),
}

ACTORS: dict[str, tuple[str, str]] = {
    "receiving_head": ("hiệu trưởng trường đến", "the head of the receiving school"),
    "receiving_school": ("trường đến", "the receiving school"),
    "origin_school": ("trường đi", "the school left"),
    "courier": ("đường truyền", "the courier"),
    "holder": ("nơi ra văn bản tạm dừng", "whoever holds the case"),
    "custodian": ("trường đang quản lý hồ sơ", "the school that manages the record"),
    "other_custodian": ("trường đang quản lý hồ sơ ở nơi kia", "who manages the record there"),
    "both_sides": ("hai bên, hỏi Bộ", "both sides; ask the ministry"),
}
"""Who must act next in a transfer."""

REASONS: dict[str, tuple[str, str]] = {
    "not_our_pupil": ("Không phải học sinh của nơi này", "not a pupil of ours"),
    "already_released": ("Hồ sơ đã bàn giao nơi khác", "released already"),
    "identity_unconfirmed": ("Chưa xác nhận được đúng học sinh", "identity not confirmed"),
    "under_hold": ("Đang tạm dừng theo văn bản", "held by a document"),
    "wrong_pupil": ("Nhầm học sinh", "the wrong pupil"),
    "wrong_receiver": ("Gửi nhầm nơi nhận", "sent to the wrong place"),
    "ruling": ("Theo phán quyết của Bộ", "by a ruling of the ministry"),
    "recalled": ("Trường đi thu hồi", "recalled by the school left"),
    "withdrawn": ("Gia đình rút đơn", "withdrawn by the family"),
    "not_accepted": ("Không tiếp nhận", "not accepted"),
    "no_place": ("Hết chỗ", "no place"),
    "out_of_area": ("Ngoài địa bàn tuyển sinh", "out of the area"),
    "documents_missing": ("Thiếu giấy tờ", "documents missing"),
    "wrong_grade": ("Không đúng khối lớp", "the wrong grade"),
    "no_sure_match": ("Không chắc chắn là ai", "nobody beyond doubt"),
    "pupil_released": ("Hồ sơ đã bàn giao nơi khác", "released already"),
    "moved_house": ("Chuyển nơi cư trú", "moved house"),
    "family": ("Hoàn cảnh gia đình", "family"),
    "health": ("Sức khỏe", "health"),
}
"""Why a transfer is asked for, refused, declined, recalled or sent back (the code itself where
there is no word)."""

STATUSES: dict[str, tuple[str, str]] = {
    "attending": ("đang học", "attending"),
    "transferred_in": ("chuyển đến", "transferred in"),
    "returned": ("xin học lại", "returned"),
    "provisional": ("học tạm – chờ hồ sơ", "provisional, papers awaited"),
}
"""How a pupil on a class list stands (the key itself where there is no word)."""

TURNS: dict[str, tuple[str, str]] = {
    "promoted": ("lên lớp", "promoted"),
    "retained": ("lưu ban", "retained"),
    "completed": ("hoàn thành cấp học", "completed the level"),
    "waiting": ("chờ", "waiting"),
    "done": ("đã xếp lớp", "placed already"),
    "preview": ("xem trước", "preview"),
    "turned": ("đã kết chuyển", "turned"),
    "unchanged": ("không có gì mới", "nothing new"),
    "undone": ("đã hoàn tác", "undone"),
    "kept": ("giữ lại", "kept"),
    "retracted": ("đã rút lại", "retracted"),
}
"""What the year's turn does with a pupil or a class."""

WAITS: dict[str, tuple[str, str]] = {
    "no_result": ("chưa có kết quả cả năm", "no result of the year yet"),
    "released": ("đã bàn giao hồ sơ", "the record was handed over"),
    "left": ("đã nghỉ trước ngày đầu năm học mới", "left before the new year began"),
    "decided": ("theo quyết định của hiệu trưởng", "as the head decided"),
    "suspended": ("tạm nghỉ", "suspended"),
    "provisional": ("học tạm – chờ hồ sơ", "provisional, papers awaited"),
    "conduct_failed": ("rèn luyện chưa đạt", "training result failed"),
    "study_failed": ("học tập chưa đạt, chờ đánh giá lại", "study failed, re-assessment awaited"),
    "too_many_absences": ("nghỉ quá 45 buổi", "more than 45 sessions missed"),
}
"""Why a pupil waits at the year's turn (the key itself where there is no word)."""

UNIT_KINDS: dict[str, tuple[str, str]] = {
    "province": ("tỉnh, thành phố", "province"),
    "commune": ("phường, xã", "commune"),
    "district": ("quận, huyện", "district"),
    "school": ("trường", "school"),
    "centre": ("trung tâm", "centre"),
    "campus": ("điểm trường", "campus"),
}

STEPS: dict[str, tuple[str, str]] = {
    "frame": ("Tệp đúng dạng", "the file has the right form"),
    "known": ("Chưa từng nhận với nội dung khác", "not seen before with another content"),
    "addressed": ("Đúng nơi gửi, nơi nhận", "sender and addressee are right"),
    "opens": ("Mở được niêm phong", "the seal opens"),
    "reads": ("Đọc được nội dung", "the content reads"),
    "signed": ("Con dấu hợp lệ", "the seal of the sender is valid"),
    "requested": ("Đúng hồ sơ đã đề nghị", "it is the record that was asked for"),
    "complete": ("Đủ các mục đã bàn giao", "everything released is there"),
    "unaltered": ("Không bị sửa", "nothing was altered"),
    "in_log": ("Có trong sổ gốc", "it stands in the origin's book"),
    "understood": ("Hiểu được mọi mục", "every entry is understood"),
    "digest": ("Kết quả học tập khớp", "the results agree"),
    "copies": ("Khớp với phần đã có", "it fits what is held already"),
}

FAILURES: dict[str, tuple[str, str]] = {
    "malformed": ("Tệp hỏng hoặc không phải hồ sơ.", "The file is damaged or no record."),
    "too_large": ("Tệp quá lớn.", "The file is too large."),
    "unsupported_version": (
        "Hồ sơ do phiên bản mới hơn tạo ra; hãy cập nhật phần mềm.",
        "Made by a newer version; update this software.",
    ),
    "wrong_addressee": (
        "Hồ sơ gửi cho nơi khác; hãy chuyển đúng nơi nhận.",
        "Addressed to somebody else; pass it on to the right place.",
    ),
    "unknown_sender": (
        "Không biết nơi gửi; kiểm tra danh sách tin cậy.",
        "The sender is unknown; check the trust bundle.",
    ),
    "cannot_decrypt": (
        "Không mở được; xin nơi gửi gửi lại.",
        "It cannot be opened; ask the sender to send it again.",
    ),
    "bad_signature": (
        "Con dấu không đúng. Không dùng tệp này.",
        "The seal is false. Do not use this file.",
    ),
    "untrusted_signer": (
        "Con dấu của người lạ. Không dùng tệp này.",
        "A stranger's seal. Do not use this file.",
    ),
    "altered_entry": (
        "Có mục đã bị sửa sau khi ghi. Không dùng tệp này; báo nơi gửi.",
        "An entry was altered after it was recorded. Do not use this file; tell the sender.",
    ),
    "wrong_root": ("Các mục không khớp lời bàn giao.", "The entries are not those released."),
    "digest_differs": (
        "Kết quả tính lại khác nơi gửi; cần người có trách nhiệm xem.",
        "The results computed here differ; somebody responsible has to look.",
    ),
    "bad_json": ("Nội dung không đọc được.", "The content cannot be read."),
    "not_in_log": ("Không chứng minh được là có trong sổ gốc.", "Not proven to be in the book."),
    "equivocation": ("Cùng số nhưng khác nội dung; báo ngay.", "Same number, other content."),
    "not_requested": ("Nơi này không đề nghị hồ sơ đó.", "Nobody here asked for it."),
    "conflicting_copy": ("Khác với phần đã có; báo nơi gửi.", "It differs from what is held."),
    "old_incarnation": (
        "Gửi từ trước khi nơi gửi khôi phục dữ liệu; xin gửi lại.",
        "Sent before the sender was restored; ask for it again.",
    ),
    "expired": (
        "Hồ sơ quá hạn; xin nơi gửi gửi lại.",
        "It is out of date; ask the sender to send it again.",
    ),
    "decompression_limit": (
        "Tệp nén hỏng hoặc quá lớn; xin gửi lại.",
        "The content is damaged or too large; ask for it again.",
    ),
    "revoked_signer": (
        "Con dấu đã bị thu hồi; báo nơi gửi.",
        "The seal was revoked; tell the sender.",
    ),
    "untimed_signature": (
        "Con dấu không có hiệu lực lúc ký; báo nơi gửi.",
        "The seal was not valid when it signed; tell the sender.",
    ),
    "wrong_purpose": (
        "Chữ ký không phải con dấu của trường.",
        "Signed with a key that is no seal.",
    ),
    "missing_entry": (
        "Thiếu mục đã bàn giao; xin nơi gửi gửi lại.",
        "An entry is missing; ask the sender to send it again.",
    ),
    "extra_entry": (
        "Có mục không được bàn giao; báo nơi gửi.",
        "It holds an entry that was not released; tell the sender.",
    ),
    "reordered": (
        "Các mục sai thứ tự; xin nơi gửi gửi lại.",
        "Entries are out of order; ask the sender to send it again.",
    ),
    "truncated": (
        "Hồ sơ bị cắt bớt; xin nơi gửi gửi lại.",
        "It is cut short; ask the sender to send it again.",
    ),
    "broken_custody_chain": (
        "Hồ sơ không được bàn giao cho nơi này; báo nơi gửi.",
        "It was not released to this place; tell the sender.",
    ),
    "bad_checkpoint": (
        "Xác nhận của sổ gốc không đúng; báo nơi gửi.",
        "The book's own confirmation is false; tell the sender.",
    ),
    "not_witnessed": (
        "Chưa có bên chứng kiến xác nhận.",
        "No witness has confirmed it, and one is asked for.",
    ),
    "rollback": (
        "Sổ gốc đã từng cho thấy nội dung khác; báo ngay.",
        "That book showed another content before; report it.",
    ),
    "unknown_topic": (
        "Có mục phần mềm này chưa hiểu; hãy cập nhật.",
        "It holds an entry this version does not know; update.",
    ),
    "wrong_key": (
        "Khóa đi kèm không đúng; xin nơi gửi gửi lại.",
        "A key in it is not the right one; ask for it again.",
    ),
    "unknown_code": (
        "Có mã không hợp lệ trong hồ sơ; báo nơi gửi.",
        "It holds a code that does not exist; tell the sender.",
    ),
    "bad_sheet": (
        "Điểm hoặc chữ ký không khớp sổ điểm của lớp; báo nơi gửi.",
        "A mark or a signature does not fit its grade sheet; tell the sender.",
    ),
}


UNCHECKED: dict[str, tuple[str, str]] = {
    "no_records": (
        "cần dữ liệu riêng của nơi nhận",
        "it needs the receiver's own records",
    ),
    "not_sealed": ("bản cho xem không niêm phong", "a record to be shown is not sealed"),
    "no_key": ("chưa có chìa khóa để mở", "there is no key to open it"),
    "after_failure": ("bước trước đã không đạt", "an earlier step failed"),
}
"""Why a step of the verification was not checked."""

EVIDENCE: dict[str, tuple[str, str]] = {
    "sheet": ("Điểm trong sổ điểm", "Marks in grade sheets"),
    "closing": ("Lần chốt kết quả", "Closings"),
    "naming": ("Tên trường, lớp", "Names of schools and classes"),
    "signed": ("có chữ ký", "signed"),
    "unsigned": ("chưa có chữ ký", "unsigned"),
    "untimed": ("chữ ký không chứng minh được lúc ký", "signed, at an unproven time"),
    "erased": ("Mục đã xóa danh tính", "Entries whose person was erased"),
}
"""What of a record people and seals have signed."""

OUTCOMES: dict[str, tuple[str, str]] = {
    "not_checked": ("chưa kiểm tra", "not checked"),
    "not_opened": (
        "Chưa mở: chìa khóa ở nơi nhận. Chỉ nơi nhận kiểm tra được nội dung.",
        "Not opened: the key is with the addressee, who alone can check the content.",
    ),
    "sound": (
        "Hồ sơ nguyên vẹn, đúng như nơi gửi đã bàn giao.",
        "The record is whole, and as the sender released it.",
    ),
    "sound_disclosed": (
        "Hồ sơ nguyên vẹn, đúng như đã bàn giao; đây là bản cho xem, không dùng để tiếp nhận.",
        "The record is whole, and as it was released; it is for reading, not to be taken in.",
    ),
    "shown_to": ("Xuất trình cho", "Shown to"),
    "disclosed": (
        "Đã ghi nhật ký và viết bản cho xem:",
        "Logged, and written for reading:",
    ),
}
"""What a verification or disclosure comes to."""


IDENTITY_STATUSES: dict[str, tuple[str, str]] = {
    "unchecked": ("Chưa đối chiếu", "not checked"),
    "matched": ("Đã xác thực", "matched"),
    "mismatched": ("Sai lệch thông tin", "mismatched"),
    "missing": ("Không tìm thấy", "not found"),
}
"""What the population database said of a person."""

IDENTITY_OUTCOMES: dict[str, tuple[str, str]] = {
    "open": ("Đang xử lý", "open"),
    "mended": ("Đã sửa", "mended"),
    "confirmed": ("Dữ liệu đúng, chờ CSDL dân cư sửa", "confirmed as recorded here"),
    "given_up": ("Không xử lý được", "given up"),
}

IDENTIFIER_KINDS: dict[str, tuple[str, str]] = {
    "local": ("Mã của trường", "school's key"),
    "personal_id": ("Số định danh cá nhân", "personal number"),
    "moet": ("Mã định danh Bộ GD&ĐT", "ministry code"),
    "passport": ("Hộ chiếu", "passport"),
    "visa": ("Thị thực", "visa"),
    "birth_certificate": ("Giấy khai sinh", "birth certificate"),
    "temporary": ("Mã tạm", "temporary key"),
}

IDENTITY_CONFLICTS: dict[str, tuple[str, str]] = {
    "number_of_another_pupil": ("Trùng số với học sinh khác", "another pupil bears the number"),
    "number_contradicts_sex": ("Số không khớp giới tính", "the number says another sex"),
    "number_contradicts_birth_year": (
        "Số không khớp năm sinh",
        "the number says another birth year",
    ),
    "unknown_province_code": ("Mã tỉnh trong số không có", "no province has the number's code"),
}


RECONCILING: dict[str, tuple[str, str]] = {
    "missing": ("thiếu ở CSDL ngành", "missing there"),
    "extra": ("thừa ở CSDL ngành", "extra there"),
    "different": ("khác nhau", "different"),
    "possible": ("có thể là một người", "possibly one person"),
    "unreadable": ("không đọc được", "cannot be read"),
    "school": ("trường", "the school"),
    "ministry": ("CSDL ngành", "the ministry's database"),
    "receiving_school": ("trường tiếp nhận", "the receiving school"),
    "enter_there": ("Nhập học sinh vào CSDL ngành.", "Enter the pupil there."),
    "record_or_remove": (
        "Chưa ai ở đây mang các số này: ghi nhận học sinh hoặc xóa ở CSDL ngành.",
        "Nobody here bears these numbers: record the pupil here or remove them there.",
    ),
    "settle_stay": (
        "Ngày đó không có trong lớp nào ở đây: ghi việc rời trường ở CSDL ngành, hoặc ghi lớp ở "
        "đây.",
        "On no class list here that day: enter the leaving there, or the stay here.",
    ),
    "take_over": (
        "Hồ sơ đã bàn giao: trường tiếp nhận nhận học sinh ở CSDL ngành.",
        "The record was released: the receiving school takes the pupil over there.",
    ),
    "confirm_person": (
        "Trùng họ tên và ngày sinh, không trùng số nào: cần người xác nhận.",
        "Same name and birth date, no number in common: a person has to confirm.",
    ),
    "mend_theirs": (
        "Ở đây đã khớp CSDL dân cư: sửa ở CSDL ngành.",
        "Ours was matched with the population database: mend theirs.",
    ),
    "mend_either": (
        "Kiểm tra bên nào đúng rồi sửa bên kia.",
        "Check which is right and mend the other.",
    ),
    "mend_state": (
        "Trạng thái không có trong danh mục: sửa ở CSDL ngành.",
        "The state is none of the official list: mend it there.",
    ),
}
"""The findings of a reconciliation, who must act, what there is to do."""


PROPOSAL_CONFLICTS: dict[str, tuple[str, str]] = {
    "already_there": ("đã có đúng như vậy", "it is there already"),
    "slot_taken": ("ô điểm đã có điểm khác", "the slot holds another mark"),
    "slot_empty": ("không có điểm để đính chính", "there is no mark to correct"),
    "old_value_differs": ("điểm hiện có khác điểm cũ nêu", "the mark is not the one seen"),
    "period_closed": ("kỳ đã tổng kết", "the period is closed"),
    "already_assessed": ("đã đánh giá khác", "it was assessed otherwise"),
    "already_counted": ("đã có số buổi nghỉ khác", "other absences are on record"),
    "already_closed": ("kỳ đã tổng kết", "the period is closed already"),
    "already_written": ("đã có nhận xét", "there is a comment already"),
    "already_decided": ("đã có quyết định", "it was decided already"),
}
"""What stands against a proposal of a supplement (Hồ sơ bổ sung)."""


def word(table: dict[str, tuple[str, str]], key: str, lang: str) -> str:
    """The word for `key`, or the key itself where there is none."""
    vietnamese, english = table.get(key, (key, key))
    return vietnamese if lang == "vi" else english
