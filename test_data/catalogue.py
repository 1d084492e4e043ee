"""The studies of the demo region, declared."""

import datetime as dt

from test_data import patients
from test_data.phantoms.ct_chest import CtChest
from test_data.phantoms.ct_head import CtHead
from test_data.phantoms.mammogram import Mammogram
from test_data.phantoms.mr_head import MrHead
from test_data.phantoms.radiograph import Radiograph
from test_data.phantoms.ultrasound import Ultrasound
from test_data.sites import SITES
from test_data.spec import SeriesSpec, StudySpec

__all__ = ["DEMO_STUDIES", "SITES", "StudySpec", "study_named"]

_MAMMOGRAMS = (
    Mammogram("R", "CC"),
    Mammogram("L", "CC", calcifications=True),
    Mammogram("R", "MLO"),
    Mammogram("L", "MLO", calcifications=True),
)

DEMO_STUDIES: tuple[StudySpec, ...] = (
    StudySpec(
        name="ct-chest",
        site_code="MINATO",
        modality="CT",
        kind="ct_chest",
        patient=patients.TARO_YAMADA,
        description="胸部CT 単純",
        body_part="CHEST",
        days_before_anchor=0,
        time=dt.time(8, 42, 10),
        number=1,
        series=(SeriesSpec("axial", "胸部 単純 6mm", "CHEST PLAIN", (CtChest(table=(0, -152.0, -412.5)),)),),
        character_set="ISO 2022 IR 87",
    ),
    StudySpec(
        name="ct-chest-prior",
        site_code="MINATO",
        modality="CT",
        kind="ct_chest",
        patient=patients.TARO_YAMADA,
        description="胸部CT 単純",
        body_part="CHEST",
        days_before_anchor=371,
        time=dt.time(10, 5, 33),
        number=4,
        series=(
            SeriesSpec(
                "axial",
                "胸部 単純 8mm",
                "CHEST PLAIN",
                (CtChest(slices=26, thickness=8.0, nodule=5.5, table=(3.5, -146.0, -377.0), noise=14.0),),
            ),
        ),
        character_set="ISO 2022 IR 87",
    ),
    StudySpec(
        name="ct-head",
        site_code="MINATO",
        modality="CT",
        kind="ct_head",
        patient=patients.HANAKO_TAKASAKI,
        description="頭部CT 単純",
        body_part="HEAD",
        days_before_anchor=0,
        time=dt.time(8, 15, 0),
        number=2,
        series=(SeriesSpec("axial", "頭部 単純 5.5mm", "HEAD PLAIN", (CtHead(),), "jpeg-ls"),),
    ),
    StudySpec(
        name="dx-chest",
        site_code="MINATO",
        modality="DX",
        kind="radiograph",
        patient=patients.JIRO_MIHON,
        description="胸部X線 正面",
        body_part="CHEST",
        days_before_anchor=1,
        time=dt.time(9, 20, 45),
        number=1,
        series=(SeriesSpec("pa", "胸部 立位 正面", "CHEST PA", (Radiograph("DX", "MONOCHROME2", infiltrate=42),)),),
    ),
    StudySpec(
        name="cr-chest",
        site_code="MINATO",
        modality="CR",
        kind="radiograph",
        patient=patients.KENICHI_REIDA,
        description="胸部X線 正面（健診）",
        body_part="CHEST",
        days_before_anchor=2,
        time=dt.time(11, 2, 0),
        number=3,
        series=(SeriesSpec("pa", "胸部 立位 正面", "CHEST PA", (Radiograph("CR", "MONOCHROME1", heart=1.14),)),),
        character_set="ISO 2022 IR 87",
    ),
    StudySpec(
        name="mr-head",
        site_code="MINATO",
        modality="MR",
        kind="mr_head",
        patient=patients.NAGISA_UTSUGI,
        description="頭部MRI 単純",
        body_part="HEAD",
        days_before_anchor=1,
        time=dt.time(14, 31, 20),
        number=2,
        series=(
            SeriesSpec("t1", "T1 横断", "HEAD T1 SE AX", (MrHead("T1"),)),
            SeriesSpec("t2", "T2 横断 OMライン", "HEAD T2 TSE AX", (MrHead("T2", tilt=12),), "rle"),
        ),
    ),
    StudySpec(
        name="mammography",
        site_code="MINATO",
        modality="MG",
        kind="mammogram",
        patient=patients.SAKURA_SHINO,
        description="乳房撮影 両側2方向",
        body_part="BREAST",
        days_before_anchor=3,
        time=dt.time(13, 10, 5),
        number=5,
        series=tuple(
            SeriesSpec(
                f"{view.laterality}-{view.view}".lower(),
                f"{view.laterality} {view.view}",
                f"MG {view.view}",
                (view,),
                "jpeg-ls",
            )
            for view in _MAMMOGRAMS
        ),
        character_set="ISO 2022 IR 87",
    ),
    StudySpec(
        name="us-heart",
        site_code="MINATO",
        modality="US",
        kind="ultrasound",
        patient=patients.SABURO_KARIYA,
        description="心臓超音波",
        body_part="HEART",
        days_before_anchor=2,
        time=dt.time(15, 48, 30),
        number=6,
        series=(SeriesSpec("apical", "心尖部四腔像", "TTE A4C", (Ultrasound(),)),),
    ),
    StudySpec(
        name="yamane-cr-chest",
        site_code="YAMANE",
        modality="CR",
        kind="radiograph",
        patient=patients.EIKO_WATANABE,
        description="胸部X線 正面",
        body_part="CHEST",
        days_before_anchor=1,
        time=dt.time(10, 44, 0),
        number=1,
        series=(SeriesSpec("pa", "胸部 立位 正面", "CHEST PA", (Radiograph("CR", "MONOCHROME2"),)),),
        character_set="ISO 2022 IR 87",
    ),
    StudySpec(
        name="yamane-mr-head",
        site_code="YAMANE",
        modality="MR",
        kind="mr_head",
        patient=patients.MIDORI_KAKETANI,
        description="頭部MRI T2",
        body_part="HEAD",
        days_before_anchor=0,
        time=dt.time(8, 55, 0),
        number=2,
        series=(SeriesSpec("t2", "T2 横断", "HEAD T2 TSE AX", (MrHead("T2"),), "rle"),),
    ),
    StudySpec(
        name="shiomi-ct-head",
        site_code="SHIOMI",
        modality="CT",
        kind="ct_head",
        patient=patients.MITSURU_SHIOTA,
        description="頭部CT 単純（転倒後）",
        body_part="HEAD",
        days_before_anchor=1,
        time=dt.time(16, 5, 12),
        number=1,
        series=(
            SeriesSpec(
                "axial", "頭部 単純 8mm", "HEAD PLAIN", (CtHead(slices=16, thickness=8.0, bleed=0.0),), "jpeg-ls"
            ),
        ),
    ),
    StudySpec(
        name="shiomi-dx-chest",
        site_code="SHIOMI",
        modality="DX",
        kind="radiograph",
        patient=patients.FUMI_MINAKAMI,
        description="胸部X線 正面",
        body_part="CHEST",
        days_before_anchor=0,
        time=dt.time(8, 30, 0),
        number=1,
        series=(SeriesSpec("pa", "胸部 立位 正面", "CHEST PA", (Radiograph("DX", "MONOCHROME1"),), "jpeg-ls"),),
        character_set="ISO 2022 IR 87",
    ),
)


def study_named(name: str) -> StudySpec:
    """Return the demo study called `name`. Raises `KeyError` with the known names when there is none."""
    for study in DEMO_STUDIES:
        if study.name == name:
            return study
    known = ", ".join(study.name for study in DEMO_STUDIES)
    raise KeyError(f"{name} is no demo study; known are {known}")
