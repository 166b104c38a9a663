"""The words of reports: their names, columns and codes, what is unsound. See `words.word`."""

from typing import Any

from ledger.growth.channels import CHANNEL_TABLES
from ledger.identity_causes import CAUSES
from services.words import IDENTITY_CONFLICTS, IDENTITY_OUTCOMES, IDENTITY_STATUSES, word

REPORT_TITLES: dict[str, tuple[str, str]] = {
    "headcount": ("Sĩ số", "Head count"),
    "movement": ("Biến động học sinh", "Movement of pupils"),
    "identity": ("Xác thực định danh", "Identity"),
    "in_transit": ("Đã chuyển đi, chưa nơi nào nhận", "Left, arrived nowhere"),
    "exceptions": ("Hồ sơ cần xử lý", "Records to be mended"),
    "nutrition": ("Tình trạng dinh dưỡng", "Nutrition"),
    "results": ("Kết quả học tập và rèn luyện", "Results"),
    "unsound": ("Hồ sơ cần xử lý (trong báo cáo)", "Unsound records"),
    "list": ("Danh sách học sinh", "The pupils"),
    "list_staff": ("Danh sách nhân sự", "The staff"),
    "cover": ("Bìa", "Cover"),
    "everything": ("Toàn ngành", "everything"),
}

REPORT_COLUMNS: dict[str, tuple[str, str]] = {
    "unit_code": ("Mã đơn vị", "Unit"),
    "unit": ("Đơn vị", "Unit"),
    "school_code": ("Mã trường", "School"),
    "class_code": ("Mã lớp", "Class"),
    "level": ("Cấp học", "Level"),
    "grade": ("Khối", "Grade"),
    "sex": ("Giới tính", "Sex"),
    "ethnicity": ("Dân tộc", "Ethnic group"),
    "disability": ("Khuyết tật", "Disability"),
    "age": ("Tuổi", "Age"),
    "count": ("Số lượng", "Count"),
    "start": ("Đầu kỳ", "Start"),
    "new": ("Mới tuyển", "New"),
    "in": ("Chuyển đến", "In"),
    "returned": ("Học lại", "Returned"),
    "out": ("Chuyển đi", "Out"),
    "withdrawn": ("Thôi học", "Withdrawn"),
    "completed": ("Hoàn thành", "Completed"),
    "deceased": ("Qua đời", "Deceased"),
    "end": ("Cuối kỳ", "End"),
    "in_transit": ("Đang chuyển", "In transit"),
    "pupils": ("Học sinh", "Pupils"),
    "pupils_unmatched": ("Học sinh chưa xác thực", "Pupils unmatched"),
    "pupils_percent": ("Tỷ lệ % học sinh", "Pupils, %"),
    "staff": ("Nhân sự", "Staff"),
    "staff_unmatched": ("Nhân sự chưa xác thực", "Staff unmatched"),
    "staff_percent": ("Tỷ lệ % nhân sự", "Staff, %"),
    "pupil_id": ("Mã hồ sơ", "Record"),
    "pupil_key": ("Mã học sinh", "Key"),
    "full_name": ("Họ và tên", "Full name"),
    "staff_key": ("Mã nhân sự", "Staff key"),
    "status": ("Trạng thái", "Status"),
    "cause": ("Nguyên nhân", "Cause"),
    "due_on": ("Hạn", "Due"),
    "responsible": ("Người phụ trách", "Responsible"),
    "outcome": ("Kết quả xử lý", "Outcome"),
    "overdue": ("Quá hạn", "Overdue"),
    "kind": ("Hình thức", "Kind"),
    "case": ("Mã chuyển trường", "Transfer"),
    "left_on": ("Rời trường từ", "Left on"),
    "days": ("Số ngày", "Days"),
    "longest_days": ("Lâu nhất (ngày)", "Longest (days)"),
    "column": ("Mục", "Figure"),
    "day": ("Ngày", "Day"),
    "where": ("Ở đâu", "Where"),
    "reason": ("Lý do", "Reason"),
    "mend": ("Cách xử lý", "What to do"),
    "detail": ("Chi tiết", "Detail"),
    "regulation": ("Quy chế", "Regulation"),
    "period": ("Kỳ", "Period"),
    "code": ("Kết quả", "Result"),
    "left_out": ("Hồ sơ không tính được", "Left out"),
    "unassessed": ("Không đánh giá bằng kết quả", "Not assessed"),
    "indicator": ("Chỉ số", "Indicator"),
    "channel": ("Kênh", "Channel"),
    "measured": ("Được đo", "Measured"),
    "unmeasured": ("Chưa đo", "Not measured"),
    "excepted": ("Không tính được", "Excepted"),
    "against": ("So với", "Against"),
    "field": ("Mục", "Field"),
    "stated": ("Đã công bố", "Stated"),
    "computed": ("Tính lại", "Computed"),
    "difference": ("Chênh lệch", "Difference"),
    "what": ("Nội dung", "What"),
    "value": ("Giá trị", "Value"),
    "report": ("Báo cáo", "Report"),
    "ledger": ("Sổ", "Ledger"),
    "on": ("Tính đến ngày", "Of the day"),
    "preset": ("Kỳ báo cáo", "Occasion"),
    "school_year": ("Năm học", "School year"),
    "digest": ("Mã kiểm tra của số liệu", "Digest of the figures"),
    "head": ("Thủ trưởng", "Head"),
    "state": ("Tình trạng", "State"),
    "exceptions": ("Hồ sơ cần xử lý", "Unsound records"),
    "position": ("Theo dữ liệu đã ghi đến số", "Position"),
    "recorded_at": ("Ghi lúc", "Recorded at"),
    "root": ("Mã kiểm tra của sổ", "Root"),
    "made_by": ("Người lập", "Made by"),
    "unsound": ("Hồ sơ cần xử lý", "Unsound records"),
}

REPORT_REASONS: dict[str, tuple[str, str]] = {
    "no_birth_date": ("Thiếu ngày sinh", "no birth date"),
    "profile_unreadable": ("Không mở được lý lịch", "the profile does not open"),
    "two_schools_at_once": ("Học ở hai trường cùng lúc", "two schools at once"),
    "in_class_without_enrolment": (
        "Ở trong lớp nhưng không thuộc trường",
        "in a class without an enrolment",
    ),
    "identity_conflict": ("Số định danh mâu thuẫn", "conflict of numbers"),
    "presence_unconfirmed": ("Chưa xác nhận trẻ còn đi học", "presence not confirmed"),
    "not_seen": ("Trẻ không đến lớp", "the child did not come"),
    "school_not_in_force": ("Trường đã đóng", "the school is not in force"),
    "counted_once": ("Hai hồ sơ của một học sinh, tính một lần", "two records, counted once"),
    "not_placed": ("Năm học này chưa xếp lớp", "in no class this year"),
    "entry_unreadable": ("Có mục không đọc được", "an entry cannot be read"),
    "year_not_computable": ("Không tính được kết quả", "the results cannot be computed"),
    "subject_not_in_grade": ("Môn không có ở khối này", "a subject the grade does not have"),
    "thresholds_not_configured": ("Chưa khai báo ngưỡng xếp loại", "thresholds not configured"),
    "result_missing": ("Chưa có kết quả", "a result is missing"),
    "closing_differs": ("Khác với kết quả đã chốt", "differs from what was closed"),
    "subject_without_marks": ("Môn phải học chưa có điểm", "a subject without marks"),
    "promoted_against_rule": ("Cho lên lớp trái quy định", "promoted against the rule"),
    "reassessed_without_need": ("Đánh giá lại môn đã đạt", "re-assessed without need"),
    "implausible": ("Số đo khó tin", "hardly believable"),
    "unreadable": ("Không đọc được", "unreadable"),
    "erased": ("Đã xóa dữ liệu cá nhân", "erased"),
    "partial_birth_date": ("Ngày sinh chưa đủ", "the birth date is not complete"),
    "no_table_for_sex": ("Không có bảng cho giới tính này", "no table for this sex"),
    "before_birth": ("Đo trước ngày sinh", "measured before birth"),
    "age_outside_tables": ("Ngoài độ tuổi của bảng", "beyond the tables' ages"),
}

REPORT_MENDS: dict[str, str] = {
    "no_birth_date": "Bổ sung ngày sinh; chỉ năm sinh cũng được.",
    "profile_unreadable": "Khôi phục khóa của sổ này, hoặc ghi lại lý lịch.",
    "two_schools_at_once": "Đề nghị trường nêu ở cột Chi tiết ghi nhận học sinh đã rời trường.",
    "in_class_without_enrolment": "Ghi học sinh vào trường, hoặc cho rời nhóm học.",
    "identity_conflict": "Đối chiếu giấy tờ: sửa số, hoặc xác nhận là hai người khác nhau.",
    "presence_unconfirmed": "Xác nhận tháng cho trẻ, hoặc ghi trẻ nghỉ hẳn từ ngày nào.",
    "not_seen": "Hỏi gia đình; ghi trẻ nghỉ hẳn từ ngày nào.",
    "school_not_in_force": "Ghi học sinh đi đâu, hoặc trường nào tiếp nhận.",
    "counted_once": "Kết thúc việc học ở một trong hai hồ sơ, hoặc gỡ liên kết.",
    "not_placed": "Xếp học sinh vào một lớp của năm học này, hoặc ghi học sinh đã rời trường.",
    "entry_unreadable": "Chạy `hocba verify`; khôi phục mục từ bản sao lưu.",
    "year_not_computable": "Xem năm học bằng `hocba audit`; đính chính mục sai.",
    "subject_not_in_grade": "Xem điểm bằng `hocba audit`; sửa lớp, khối hoặc môn.",
    "thresholds_not_configured": "Khai báo ngưỡng trong rules.csv (subjects_at), rồi chốt.",
    "result_missing": "Nhập phần còn thiếu, hoặc hiệu trưởng quyết định (decisions.csv).",
    "closing_differs": "Hiệu trưởng mở khóa và chốt lại, hoặc bỏ thay đổi.",
    "promoted_against_rule": "Xem căn cứ của quyết định; nếu sai, quyết định lưu ban.",
    "reassessed_without_need": "Hiệu trưởng bỏ kết quả đánh giá lại, hoặc sửa lại tên môn.",
    "subject_without_marks": "Nhập điểm, hoặc ghi vì sao không học môn này.",
    "implausible": "Đo lại, hoặc đối chiếu ngày đo, ngày sinh, giới tính.",
    "unreadable": "Chạy `hocba verify`.",
    "partial_birth_date": "Ghi đủ ngày sinh.",
    "no_table_for_sex": "Không phải làm gì: WHO không có bảng cho giới tính này.",
    "before_birth": "Đối chiếu ngày đo với ngày sinh.",
    "age_outside_tables": "Không phải làm gì: bảng của WHO hết ở 19 tuổi.",
}
"""What to do, in Vietnamese; in English the answer itself says it."""

_KINDS: dict[str, tuple[str, str]] = {
    "study": ("học tập", "study"),
    "conduct": ("rèn luyện", "training"),
    "promotion": ("lên lớp", "promotion"),
    "title": ("danh hiệu", "title"),
    "missing": ("còn thiếu", "missing"),
    "transfer_out": ("chuyển đi", "transferred out"),
    "release": ("bàn giao hồ sơ", "record handed over"),
}

_CODES: dict[str, tuple[str, str]] = {
    **{name: _KINDS[name] for name in ("study", "conduct", "promotion")},
    "promoted": ("được lên lớp", "promoted"),
    "retained": ("lưu ban", "retained"),
    "pending": ("chờ đánh giá lại", "pending"),
    "not_asked": ("không yêu cầu xếp loại", "not asked"),
}

_CELLS: dict[str, dict[str, tuple[str, str]]] = {
    "reason": REPORT_REASONS,
    "column": REPORT_COLUMNS | REPORT_REASONS,
    "sex": {"nam": ("Nam", "male"), "nu": ("Nữ", "female"), "khac": ("Khác", "other")},
    "kind": _KINDS,
    "code": _CODES,
    "cause": dict(CAUSES),
    "outcome": IDENTITY_OUTCOMES,
    "status": IDENTITY_STATUSES,
    "channel": {
        channel.key: (channel.vi, channel.en)
        for table in CHANNEL_TABLES
        for channels in table.channels.values()
        for channel in channels
    },
}
"""Columns whose codes people read as words; other columns stay as they are."""


def cell(column: str, value: Any, lang: str) -> Any:
    """What people read for `value` in `column` of a report."""
    words = _CELLS.get(column)
    return word(words, value, lang) if words and isinstance(value, str) else value


def unsound(one: dict[str, Any], lang: str) -> dict[str, Any]:
    """An exception of a report in words: `where`, `pupil_key` (the record's number where it has
    none, or the person was erased), `pupil_id`, `reason`, `detail`, `mend`."""
    detail = one.get("detail") or one.get("other_school") or one.get("indicator")
    reason = one["reason"]
    return {
        "where": one["where"],
        "pupil_key": one.get("pupil_key") or one["pupil_id"],
        "pupil_id": one["pupil_id"],
        "reason": word(REPORT_REASONS, reason, lang),
        "detail": word(IDENTITY_CONFLICTS, detail, lang) if isinstance(detail, str) else detail,
        "mend": REPORT_MENDS.get(reason, one["mend"]) if lang == "vi" else one["mend"],
    }
