"""The few coded terms that image headers ask for (PS3.16, SNOMED CT)."""

from pydicom.dataset import Dataset

CHEST = "816094009", "SCT", "Chest"
BREAST = "76752008", "SCT", "Breast"
VIEWS = {
    "PA": ("272479007", "SCT", "postero-anterior"),
    "CC": ("399162004", "SCT", "cranio-caudal"),
    "MLO": ("399368009", "SCT", "medio-lateral oblique"),
}


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
