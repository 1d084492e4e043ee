"""A case as a certain actor sees it: facts for all, permissions by the one access decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.decision import decide, visible_sites
from access_control.model import Action, Actor, Resource
from pacs_node.model import StudySummary
from worklist import replacements, wire
from worklist.model import CaseState, CaseStep, after
from worklist.ports import CaseReport, ExpectedCounts, Reports, SiteName, Studies, nothing_expected
from worklist.snapshot import modalities_of
from worklist.tables import CaseRow


def resource_of(row: CaseRow) -> Resource:
    """The case as the access decision and the audit trail name it."""
    return Resource(label=f"case/{row.case_id}", site_code=row.site_code, study_uid=row.study_uid)


class CaseView:
    """Shows rows of the worklist on the wire."""

    def __init__(
        self, studies: Studies, reports: Reports, site_name: SiteName, expected: ExpectedCounts = nothing_expected
    ) -> None:
        self._studies = studies
        self._reports = reports
        self._site_name = site_name
        self._expected = expected

    def cases(
        self, session: Session, actor: Actor, rows: Sequence[CaseRow], also: Sequence[replacements.Replaced] = ()
    ) -> list[wire.Case]:
        """Rows as the list shows them, in their order; `also` as `replacements.counts` takes it."""
        reports = self._reports.of_cases(session, actor, [row.case_id for row in rows])
        sites = {code: self._site(session, code) for code in {row.site_code for row in rows}}
        # Whoever sees a case may know that the person was examined before, at a site whose cases they see.
        known = visible_sites(actor, Action.CASE_LIST)
        priors = self._studies.prior_counts([row.study_uid for row in rows], known, session=session)
        expected = self._expected(session, [(row.site_code, row.study_uid) for row in rows])
        replaced = replacements.counts(session, rows, reports, also)
        return [
            _case(
                row,
                sites[row.site_code],
                reports.get(row.case_id),
                prior_count=priors.get(row.study_uid, 0),
                expected_count=expected.get((row.site_code, row.study_uid)),
                images_replaced=replaced.get(row.case_id, 0),
            )
            for row in rows
        ]

    def case(self, session: Session, actor: Actor, row: CaseRow) -> wire.Case:
        """One case as the list shows it."""
        return self.cases(session, actor, [row])[0]

    def detail(self, session: Session, actor: Actor, row: CaseRow, priors: Sequence[StudySummary]) -> wire.CaseDetail:
        """One case with the priors that the actor may see and what the actor may do."""
        replaced = self._studies.replaced(row.study_uid, session=session)
        [case] = self.cases(session, actor, [row], [(row.case_id, uid, at) for uid, at in replaced])
        return wire.CaseDetail(
            **{name: getattr(case, name) for name in case.__struct_fields__},
            priors=self._priors(session, actor, priors),
            viewable=bool(decide(actor, Action.STUDY_VIEW, resource_of(row))),
            permissions=permissions(actor, row),
            versions_replaced=len(replaced),
        )

    def _priors(self, session: Session, actor: Actor, priors: Sequence[StudySummary]) -> list[wire.Prior]:
        seen = [study for study in priors if _viewable(actor, study)]
        uids = [study.study_uid for study in seen]
        found = select(CaseRow.study_uid, CaseRow.case_id).where(CaseRow.study_uid.in_(uids))
        case_ids = dict(iter(session.execute(found)))
        reports = self._reports.of_cases(session, actor, list(case_ids.values()))
        return [_prior(study, self._site(session, study.site_code), case_ids, reports) for study in seen]

    def _site(self, session: Session, code: str) -> wire.Site:
        return wire.Site(code=code, name=self._site_name(session, code))


def permissions(actor: Actor, row: CaseRow) -> wire.Permissions:
    """What the actor may do to the case: the access decision and the transition table both agree."""
    state, resource = CaseState(row.state), resource_of(row)
    holds = state is CaseState.READING and row.reader_login == actor.login

    def may(action: Action, step: CaseStep) -> bool:
        return after(state, step) is not None and bool(decide(actor, action, resource))

    return wire.Permissions(
        request=may(Action.CASE_REQUEST, CaseStep.CHANGE_REQUEST),
        claim=may(Action.CASE_CLAIM, CaseStep.CLAIM),
        release=holds and may(Action.CASE_CLAIM, CaseStep.RELEASE),
        write_report=holds and may(Action.REPORT_WRITE, CaseStep.COMPLETE),
    )


def _viewable(actor: Actor, study: StudySummary) -> bool:
    resource = Resource(label=f"study/{study.study_uid}", site_code=study.site_code, study_uid=study.study_uid)
    return bool(decide(actor, Action.STUDY_VIEW, resource))


def _case(
    row: CaseRow,
    site: wire.Site,
    report: CaseReport | None,
    *,
    prior_count: int,
    expected_count: int | None,
    images_replaced: int,
) -> wire.Case:
    return wire.Case(
        id=row.case_id,
        state=CaseState(row.state),
        study_uid=row.study_uid,
        site=site,
        patient=wire.Patient(
            id=row.patient_id,
            name=wire.Name(
                alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic
            ),
            birth_date=row.birth_date,
            sex=row.sex,
        ),
        modalities=list(modalities_of(row)),
        body_part=row.body_part,
        study_description=row.study_description,
        study_date=row.study_date,
        study_time=row.study_time.strftime("%H:%M:%S") if row.study_time else None,
        accession_number=row.accession_number,
        referring_physician=row.referring_physician,
        series_count=row.series_count,
        instance_count=row.instance_count,
        expected_count=expected_count,
        images_after_report=_after_report(row),
        images_replaced=images_replaced,
        identity_conflict=row.identity_conflict,
        text_suspect=row.text_suspect,
        prior_count=prior_count,
        reason=row.reason,
        clinical_history=row.clinical_history,
        request_version=row.request_version,
        reader=wire.Person(login=row.reader_login, name=row.reader_name or "") if row.reader_login else None,
        arrived_at=row.arrived_at,
        due_date=row.due_date,
        read_at=row.read_at,
        report=wire.ReportMark(id=report.report_id, state=report.state, signed_at=report.signed_at) if report else None,
    )


def _after_report(row: CaseRow) -> int:
    return 0 if row.instances_at_report is None else max(0, row.instance_count - row.instances_at_report)


def _prior(
    study: StudySummary, site: wire.Site, case_ids: Mapping[str, str], reports: Mapping[str, CaseReport]
) -> wire.Prior:
    case_id = case_ids.get(study.study_uid)
    report = reports.get(case_id) if case_id else None
    return wire.Prior(
        study_uid=study.study_uid,
        study_date=study.study_date,
        modalities=list(study.modalities),
        study_description=study.study_description,
        body_part=study.body_part,
        site=site,
        case_id=case_id,
        report_id=report.report_id if report and report.signed_at else None,
    )
