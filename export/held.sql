-- Asks the two costly questions once, and keeps the answers for the other questions of this export.
-- A view finds a temporary table under a name before the view of that name: `kept`, `excluded` and `waiting` read these.
CREATE TEMP TABLE records AS
SELECT * EXCLUDE (
  rights_version, rights_jurisdiction, rights_uri, rights_spdx, rights_raw, rights_alternatives, opt_outs, other, corrected
)
FROM main.records;

CREATE TEMP TABLE verdicts AS
SELECT subject, verdict, criterion, reason, evidence, who, judged
FROM main.verdicts;

CREATE TEMP TABLE kept AS
SELECT * EXCLUDE (rights_family, outcome, outcome_detail, run_id, stated_at)
FROM main.kept;
