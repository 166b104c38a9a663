"""The words of the audit and of comparisons, in Vietnamese and English."""

AUDIT_COLUMNS: dict[str, tuple[str, str]] = {
    "position": ("Số", "No."),
    "recorded_at": ("Ghi lúc", "Recorded at"),
    "effective_on": ("Hiệu lực", "Effective"),
    "ledger": ("Sổ", "Ledger"),
    "type": ("Việc", "Entry"),
    "subject": ("Mục", "Subject"),
    "before": ("Trước", "Before"),
    "after": ("Sau", "After"),
    "recorded_by": ("Tài khoản ghi", "Recorded by"),
    "on_behalf_of": ("Người chịu trách nhiệm", "Who"),
    "reason": ("Lý do", "Reason"),
    "pupil_key": ("Mã học sinh", "Pupil"),
    "flags": ("Lưu ý", "Flags"),
    "days_late": ("Số ngày ghi sau", "Days late"),
    "result_changed": ("Kết quả thay đổi", "Results changed"),
    "change": ("Thay đổi", "Change"),
    "path": ("Trường dữ liệu", "Field"),
    "full_name": ("Họ và tên", "Full name"),
    "entries": ("Mục ghi", "Entries"),
    "what": ("Loại", "What"),
}

AUDIT_FLAGS: dict[str, tuple[str, str]] = {
    "after_closing": ("sửa sau khi chốt", "after closing"),
    "threshold": ("vượt ngưỡng", "threshold crossed"),
    "typed_by_other": ("nhập thay", "typed by another"),
    "late": ("ghi muộn", "late"),
    "result_changed": ("đổi kết quả", "result changed"),
    "proposed_after_transfer": ("đề nghị sau khi chuyển", "proposed after transfer"),
    "resubmitted": ("nộp lại", "re-submitted"),
}

AUDIT_COVER: dict[str, tuple[str, str]] = {
    "audit": ("Danh sách kiểm tra", "Audit"),
    "comparison": ("So sánh hai thời điểm", "Two moments compared"),
    "cover": ("Bìa", "Cover"),
    "pupil": ("Học sinh", "Pupil"),
    "class": ("Lớp", "Class"),
    "unit": ("Đơn vị", "Unit"),
    "teacher": ("Giáo viên", "Teacher"),
    "account": ("Tài khoản", "Account"),
    "whole": ("Toàn bộ", "Everything"),
    "ledger_name": ("Sổ", "Ledger"),
    "from": ("Sau số", "After No."),
    "position": ("Theo dữ liệu đã ghi đến số", "As recorded up to No."),
    "recorded_at": ("Ghi lúc", "Recorded at"),
    "size": ("Số mục trong sổ", "Entries in the book"),
    "root": ("Mã kiểm chứng", "Root"),
    "on": ("Tính đến ngày", "Of the day"),
    "asked_by": ("Người yêu cầu", "Asked by"),
    "asked_at": ("Yêu cầu lúc", "Asked at"),
    "flags": ("Chỉ các lưu ý", "Only flags"),
    "late_after": ("Ghi muộn khi quá (ngày)", "Late after (days)"),
    "lines": ("Số dòng", "Lines"),
    "sha256": ("SHA-256 của tệp CSV", "SHA-256 of the CSV"),
}

COMPARED: dict[str, tuple[str, str]] = {
    "rosters": ("Danh sách lớp", "Class lists"),
    "transcripts": ("Học bạ", "Transcripts"),
    "headcount": ("Sĩ số", "Head count"),
    "came": ("vào lớp", "came"),
    "left": ("rời lớp", "left"),
    "changed_class": ("chuyển lớp", "changed class"),
    "changed": ("thay đổi", "changed"),
}
