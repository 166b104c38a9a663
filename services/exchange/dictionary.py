"""The tables of the national exchange that this system writes, field by field.

Source: the field dictionary of the national exchange (MOET to the National Data Centre), seen in
one public code base; the columns below are those of its transcript tables, in its order. A line is

    field  type  length  required (Y)  key (PK, FK)

with `-` where the dictionary has nothing. Change a line only when the dictionary changes.
"""

from collections.abc import Mapping

LINES: Mapping[str, str] = {
    "thongtinsohocbasotieuhoc": """
keythongtinsohocbasotieuhoc varchar 32 Y PK
trangthaithongtinhocba varchar 30 Y -
trichluc boolean - Y -
tenhuyen varchar 250 - -
phienbanthongtinhocba varchar 10 Y -
thongtu varchar 10 Y -
madinhdanhhocba varchar 36 Y -
namhoc varchar 9 Y -
masogd varchar 2 Y -
tensogd varchar 150 Y -
matruong varchar 20 Y -
tentruong varchar 150 Y -
thongtintruong_diachi_tenxa varchar 150 Y -
thongtintruong_diachi_tentinh varchar 150 Y -
thongtintruong_diachi_maxa varchar 5 - FK
thongtintruong_diachi_matinh varchar 2 Y FK
macaphoc varchar 2 Y -
sosodangbo varchar 50 - -
hovaten varchar 150 Y -
sodinhdanh varchar 12 Y -
mahocsinh varchar 20 Y -
gioitinh varchar 1 Y -
ngaythangnamsinh date 10 - -
thangnamsinh varchar 7 - -
namsinh varchar 4 - -
cannang decimal 18,4 - -
chieucao decimal 18,4 - -
nghicophep decimal 18,4 Y -
nghikhongphep decimal 18,4 Y -
noisinh_diachichitiet varchar 250 Y -
noisinh_maxa varchar 5 - FK
noisinh_matinh varchar 2 - FK
quequan_diachichitiet varchar 250 Y -
quequan_maxa varchar 5 - FK
quequan_matinh varchar 2 - FK
noiohiennay_diachichitiet varchar 250 Y -
noiohiennay_maxa varchar 5 - FK
noiohiennay_matinh varchar 2 - FK
dantoc varchar 3 Y FK
quoctich varchar 2 Y FK
doituongchinhsach varchar 250 - -
cokhuyettatkhongdanhgia boolean - Y -
hotencha varchar 150 - -
hotenme varchar 150 - -
hotennguoigiamho varchar 150 - -
tengiamhieu varchar 150 Y -
soddcngiamhieu varchar 12 Y -
diadanhphathanh varchar 150 Y -
ngaykyphathanh date 10 Y -
ngaytao date 10 Y -
chucvugiamhieu varchar 150 Y -
tengvcn varchar 150 Y -
soddcngvcn varchar 12 Y -
makhoi varchar 2 Y -
tenlop varchar 10 Y -
xeploai varchar 50 - -
duoclenlop boolean - Y -
ndunghoanthanh varchar 2000 - -
dahthanhctrinhlophoc boolean - Y -
dahthanhctrinhtieuhoc boolean - Y -
ndungkhenthuong varchar 2000 - -
ndungkhenthuongdotxuat varchar 2000 - -
nxetgvcn varchar 2000 Y -
nangluctuhoc varchar 1 - -
nanglucgiaotiep varchar 1 - -
nanglucgiaiquyet varchar 1 - -
nanglucngonngu varchar 1 - -
nangluctinhtoan varchar 1 - -
nangluckhoahoc varchar 1 - -
nangluccongnghe varchar 1 - -
nangluctinhoc varchar 1 - -
nanglucthammi varchar 1 - -
nanglucthechat varchar 1 - -
phamchatyeunuoc varchar 1 - -
phamchatnhanai varchar 1 - -
phamchatchamchi varchar 1 - -
phamchattrungthuc varchar 1 - -
phamchattrachnhiem varchar 1 - -
nxetphamchat varchar 500 - -
nxetnanglucchung varchar 500 Y -
nxetnanglucdacthu varchar 500 Y -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasotieuhoc_quatrinhhoctap": """
keythongtinsohocbasotieuhoc_quatrinhhoctap varchar 32 Y FK
keythongtinsohocbasotieuhoc varchar 32 Y FK
namhoc varchar 9 Y -
tenlop varchar 100 Y -
tentruong varchar 250 Y -
tentinh varchar 150 Y -
ngaytrangthaichuyenden date 10 - -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasotieuhoc_dsbangdiem": """
keythongtinsohocbasotieuhoc_dsbangdiem varchar 32 Y FK
keythongtinsohocbasotieuhoc varchar 32 Y FK
mamonhoc varchar 3 Y -
tenmonhoc varchar 50 Y -
mucdatduoc varchar 1 - -
diemkiemtradinhky varchar 4 - -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasothcsthpt": """
keythongtinsohocbasothcsthpt varchar 32 Y PK
trangthaithongtinhocba varchar 1 Y -
trichluc boolean 1 Y -
tenhuyen varchar 250 - -
phienbanthongtinhocba varchar 10 Y -
thongtu varchar 30 Y -
madinhdanhhocba varchar 36 Y -
namhoc varchar 9 Y -
masogd varchar 2 Y -
tensogd varchar 150 Y -
matruong varchar 20 Y -
tentruong varchar 150 Y -
thongtintruong_diachi_tenxa varchar 150 Y -
thongtintruong_diachi_tentinh varchar 150 Y -
thongtintruong_diachi_maxa varchar 5 - FK
thongtintruong_diachi_matinh varchar 2 Y FK
macaphoc varchar 2 Y FK
sosodangbo varchar 50 - -
hovaten varchar 150 Y -
sodinhdanh varchar 12 Y -
mahocsinh varchar 20 Y -
gioitinh varchar 1 Y -
ngaythangnamsinh date 10 - -
thangnamsinh varchar 7 - -
namsinh varchar 4 - -
noisinh_diachichitiet varchar 250 Y -
noisinh_maxa varchar 5 - FK
noisinh_matinh varchar 2 - FK
quequan_diachichitiet varchar 250 Y -
quequan_maxa varchar 5 - FK
quequan_matinh varchar 2 - FK
noiohiennay_diachichitiet varchar 250 Y -
noiohiennay_maxa varchar 5 - FK
noiohiennay_matinh varchar 2 - FK
dantoc varchar 3 Y FK
quoctich varchar 2 Y FK
doituongchinhsach varchar 250 - -
cokhuyettatkhongdanhgia boolean 1 Y -
hotencha varchar 150 - -
nghenghiepcha varchar 150 - -
hotenme varchar 150 - -
nghenghiepme varchar 150 - -
hotennguoigiamho varchar 150 - -
nghenghiepnguoigiamho varchar 150 - -
tengiamhieu varchar 150 Y -
soddcngiamhieu varchar 12 Y -
diadanhphathanh varchar 150 Y -
ngaykyphathanh date 10 Y -
ngaytao date 10 Y -
chucvugiamhieu varchar 150 Y -
tengvcn varchar 150 Y -
soddcngvcn varchar 12 - -
makhoi varchar 2 Y -
tenlop varchar 10 Y -
duoclenlop boolean 1 Y -
ndungduoclenlop varchar 150 Y -
ndunghoanthanh varchar 150 - -
kquathamgiacuocthi varchar 2000 - -
ndungkquarenluyen varchar 500 - -
ndungkhenthuong varchar 2000 - -
nxetgvcn varchar 2000 Y -
hocky1 varchar 2 Y -
hocky2 varchar 2 Y -
canam varchar 2 Y -
sobuoinghi double 3 - -
renluyenhocky1 varchar 2 Y -
renluyenhocky2 varchar 2 Y -
renluyencanam varchar 2 Y -
renluyenlai varchar 2 - -
kqhoctaplai varchar 2 - -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasothcsthpt_quatrinhhoctap": """
keythongtinsohocbasothcsthpt_quatrinhhoctap varchar 32 Y PK
keythongtinsohocbasothcsthpt varchar 32 Y FK
namhoc varchar 9 Y -
tenlop varchar 100 Y -
tentruong varchar 250 Y -
tentinh varchar 150 Y -
ngaytrangthaichuyenden varchar 10 - -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasothcsthpt_chungchi": """
keythongtinsohocbasothcsthpt_chungchi varchar 32 Y PK
keythongtinsohocbasothcsthpt varchar 32 Y FK
tenchungchi varchar 150 - -
loaichungchi varchar 500 - -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
    "thongtinsohocbasothcsthpt_bangdiem": """
keythongtinsohocbasothcsthpt_bangdiem varchar 32 Y PK
keythongtinsohocbasothcsthpt varchar 32 Y FK
mamonhoc varchar 3 Y -
tenmonhoc varchar 20 Y -
diemhocky1 varchar 4 - -
diemhocky2 varchar 4 - -
diemcanam varchar 4 - -
diemkttralai varchar 4 - -
nxetmonhoc varchar 2000 - -
soddcngvbm varchar 12 Y -
gvbm varchar 150 Y -
idbanghi varchar 150 Y -
sukien varchar 10 Y -
phienban int 5 Y -
thoigiancapnhat timestamp 20 Y -
ngaycapnhat timestamp 19 Y -
""",
}
