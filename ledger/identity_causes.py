"""Why a check against the population database fails (nguyên nhân): a closed list of our own.

The letters ask for cause, remedy, person and due day of every case (users, U12) but publish no
code list; these are the troubles they name. A text beside the code says the rest.
"""

from collections.abc import Mapping
from types import MappingProxyType

CAUSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "name_differs": ("Sai lệch họ tên", "the name differs"),
        "birth_date_differs": ("Sai lệch ngày sinh", "the birth date differs"),
        "sex_differs": ("Sai lệch giới tính", "the sex differs"),
        "number_of_another_person": (
            "Số định danh trùng với người khác",
            "the number is another person's",
        ),
        "no_number_yet": ("Chưa được cấp số định danh", "no number issued yet"),
        "foreign_national": ("Người nước ngoài", "a foreign national"),
        "born_abroad": ("Sinh ở nước ngoài", "born abroad"),
        "police_record_missing": (
            "Không có trong CSDL quốc gia về dân cư",
            "not in the population database",
        ),
        "entry_mistake": ("Nhập sai khi ghi", "a mistake made when recording"),
        "other": ("Nguyên nhân khác", "another cause"),
    }
)
"""Code to (Vietnamese, English)."""
