"""searches over a million

Indexes that sort as well as find, a table of modalities and counts of sites. Triggers keep these, on either
database, so that no way of writing a study can forget them; who rebuilds `study` must make them again.

Revision: 0013, after: 0011
"""

# ruff: noqa: S608 - nothing but this file's own words goes into its statements

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.japanese.search_key import search_key

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_NEWEST = ["study_date", "study_time", "id"]
_INDEXES = {
    "ix_study_newest": [],
    "ix_study_patient_newest": ["patient_id"],
    "ix_study_accession_newest": ["accession_number"],
    "ix_study_patient_name_match": ["patient_name_match"],
    "ix_study_name_ideographic": ["name_ideographic"],
    "ix_study_name_phonetic": ["name_phonetic"],
    "ix_study_patient_name_key": ["patient_name_key"],
    "ix_study_key_ideographic": ["key_ideographic"],
    "ix_study_key_phonetic": ["key_phonetic"],
}
_ARE_NEW = {"ix_study_patient_name_key", "ix_study_key_ideographic", "ix_study_key_phonetic"}
_AT_ONCE = 1000
_WORDS: dict[str, sa.types.TypeEngine[str]] = {
    "institution_name": sa.Text(),
    "station_name": sa.String(length=64),
    "protocol_name": sa.Text(),
    "laterality": sa.String(length=16),
    "step_date": sa.String(length=8),
    "step_time": sa.String(length=13),
    "requests": sa.Text(),
    "requested_steps": sa.Text(),
    "requested_procedures": sa.Text(),
}


def upgrade() -> None:
    for column in ("key_ideographic", "key_phonetic"):
        op.add_column("study", sa.Column(column, sa.Text(), server_default="", nullable=False))
    for column, kind in _WORDS.items():
        op.add_column("series", sa.Column(column, kind, server_default="", nullable=False))
    _keys()
    for name, columns in _INDEXES.items():
        if name not in _ARE_NEW:
            op.drop_index(name, table_name="study")
        op.create_index(name, "study", [*columns, *_NEWEST, "site_code"], unique=False)
    op.create_table(
        "study_modality",
        sa.Column("modality", sa.String(length=255), nullable=False),
        sa.Column("study_date", sa.String(length=8), nullable=False),
        sa.Column("study_time", sa.String(length=13), nullable=False),
        sa.Column("study_row", sa.Integer(), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("modality", "study_date", "study_time", "study_row", name=op.f("pk_study_modality")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "site_holding",
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_code", name=op.f("pk_site_holding")),
    )
    op.execute("INSERT INTO site_holding (site_code, studies) SELECT site_code, count(*) FROM study GROUP BY site_code")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    listed = _listed_by_sqlite("study") if is_sqlite else _listed_by_postgresql("study")
    op.get_bind().exec_driver_sql(
        "INSERT INTO study_modality (modality, study_date, study_time, study_row, site_code)"
        f" SELECT DISTINCT part.value, study_date, study_time, study.id, site_code"
        f" FROM study, {listed}{''}"
        " WHERE modalities <> ''"
    )
    for statement in _sqlite_triggers() if is_sqlite else _POSTGRESQL_TRIGGERS:
        op.get_bind().exec_driver_sql(statement)


def _keys() -> None:
    """The folded forms, by the same function that searches fold with."""
    study = sa.table("study", *(sa.column(name) for name in ("id", "name_ideographic", "name_phonetic")))
    rewritten = sa.text("UPDATE study SET key_ideographic = :ideographic, key_phonetic = :phonetic WHERE id = :row")
    last = 0
    while rows := (
        op.get_bind()
        .execute(
            sa.select(study.c.id, study.c.name_ideographic, study.c.name_phonetic)
            .where(study.c.id > last)
            .order_by(study.c.id)
            .limit(_AT_ONCE)
        )
        .all()
    ):
        op.get_bind().execute(
            rewritten,
            [
                {"row": row, "ideographic": search_key(ideographic), "phonetic": search_key(phonetic)}
                for row, ideographic, phonetic in rows
            ],
        )
        last = rows[-1][0]


def _listed_by_sqlite(row: str) -> str:
    """The parts between the backslashes: quoted as JSON each of these is two, and whatever else is odd is escaped."""
    return f"""json_each('[' || replace(json_quote(trim({row}.modalities, '\\')), '\\\\', '","') || ']') AS part"""


def _listed_by_postgresql(row: str) -> str:
    # No modality holds a backslash, nor a quote of the string: the literal is one backslash.
    return f"""unnest(string_to_array(trim(both E'\\\\' from {row}.modalities), E'\\\\')) AS part(value)"""


def _sqlite_triggers() -> list[str]:
    add = (
        "INSERT OR IGNORE INTO study_modality (modality, study_date, study_time, study_row, site_code)"
        " SELECT part.value, NEW.study_date, NEW.study_time, NEW.id, NEW.site_code"
        f" FROM {_listed_by_sqlite('NEW')} WHERE NEW.modalities <> '';"
    )
    remove = (
        "DELETE FROM study_modality WHERE study_date = OLD.study_date AND study_time = OLD.study_time"
        " AND study_row = OLD.id AND OLD.modalities <> ''"
        f" AND modality IN (SELECT part.value FROM {_listed_by_sqlite('OLD')});"
    )
    more = (
        "INSERT OR IGNORE INTO site_holding (site_code, studies) VALUES (NEW.site_code, 0);"
        " UPDATE site_holding SET studies = studies + 1 WHERE site_code = NEW.site_code;"
    )
    less = "UPDATE site_holding SET studies = studies - 1 WHERE site_code = OLD.site_code;"
    changed = " OR ".join(
        f"OLD.{column} <> NEW.{column}" for column in ("modalities", "study_date", "study_time", "site_code")
    )
    return [
        f"CREATE TRIGGER study_came AFTER INSERT ON study BEGIN {add} {more} END",
        f"CREATE TRIGGER study_went AFTER DELETE ON study BEGIN {remove} {less} END",
        "CREATE TRIGGER study_changed AFTER UPDATE OF modalities, study_date, study_time, site_code ON study"
        f" WHEN {changed} BEGIN {remove} {add} END",
        "CREATE TRIGGER study_moved AFTER UPDATE OF site_code ON study"
        f" WHEN OLD.site_code <> NEW.site_code BEGIN {less} {more} END",
    ]


_POSTGRESQL_TRIGGERS = [
    f"""CREATE FUNCTION study_followed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM study_modality WHERE study_date = OLD.study_date AND study_time = OLD.study_time
      AND study_row = OLD.id AND modality = ANY (ARRAY(SELECT part.value FROM {_listed_by_postgresql("OLD")}));
    UPDATE site_holding SET studies = studies - 1 WHERE site_code = OLD.site_code;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO study_modality (modality, study_date, study_time, study_row, site_code)
      SELECT DISTINCT part.value, NEW.study_date, NEW.study_time, NEW.id, NEW.site_code
      FROM {_listed_by_postgresql("NEW")} WHERE NEW.modalities <> ''
      ON CONFLICT DO NOTHING;
    INSERT INTO site_holding (site_code, studies) VALUES (NEW.site_code, 1)
      ON CONFLICT (site_code) DO UPDATE SET studies = site_holding.studies + 1;
  END IF;
  RETURN NULL;
END $$""",
    "CREATE TRIGGER study_came_or_went AFTER INSERT OR DELETE ON study FOR EACH ROW EXECUTE FUNCTION study_followed()",
    "CREATE TRIGGER study_changed AFTER UPDATE OF modalities, study_date, study_time, site_code ON study"
    " FOR EACH ROW WHEN ((OLD.modalities, OLD.study_date, OLD.study_time, OLD.site_code)"
    " IS DISTINCT FROM (NEW.modalities, NEW.study_date, NEW.study_time, NEW.site_code))"
    " EXECUTE FUNCTION study_followed()",
]
