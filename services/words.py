"""The words of screens, in Vietnamese and English: states, checks, failures of a transfer.

Clerks never see Merkle, ledger, commit, hash or JSON (users' words, U and screens).
"""

STATES: dict[str, tuple[str, str]] = {
    "requested": ("Đề nghị tiếp nhận", "requested"),
    "released": ("Đã bàn giao, đang chuyển", "released, in transit"),
    "received": ("Đã nhận hồ sơ, chờ tiếp nhận", "received, to be accepted"),
    "accepted": ("Đã tiếp nhận", "accepted"),
    "rejected": ("Trả lại hồ sơ", "rejected"),
    "declined": ("Từ chối đề nghị", "declined"),
    "problem": ("Hồ sơ lỗi, chờ gửi lại", "a message failed, to be sent again"),
}

WAITING: dict[str, tuple[str, str]] = {
    "release": ("trường đi bàn giao hồ sơ", "the origin to release"),
    "delivery": ("hồ sơ đang trên đường", "delivery"),
    "accept": ("trường đến tiếp nhận", "the receiver to accept"),
    "reissue": ("trường đi gửi lại hồ sơ", "the origin to send it again"),
}

STATUSES: dict[str, tuple[str, str]] = {
    "attending": ("đang học", "attending"),
    "transferred_in": ("chuyển đến", "transferred in"),
    "returned": ("xin học lại", "returned"),
    "provisional": ("học tạm – chờ hồ sơ", "provisional, papers awaited"),
}
"""How a pupil on a class list stands (the key itself where there is no word)."""

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
    "bad_signature": ("Con dấu không đúng. Không dùng tệp này.", "The seal is false."),
    "untrusted_signer": ("Con dấu của người lạ. Không dùng tệp này.", "A stranger's seal."),
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
}


def word(table: dict[str, tuple[str, str]], key: str, lang: str) -> str:
    """The word for `key`, or the key itself where there is none."""
    vietnamese, english = table.get(key, (key, key))
    return vietnamese if lang == "vi" else english
