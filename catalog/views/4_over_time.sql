-- Views, fourth part: what changed over time, what was corrected, what is proposed for withdrawal, and what was withdrawn.

-- How did the licence of each item change, as its source states it?
CREATE OR REPLACE VIEW rights_history AS
SELECT
  subject,
  stated_at,
  run_id,
  licence,
  previous_licence,
  CASE
    WHEN previous_licence IS NULL THEN 'first'
    WHEN licence = previous_licence AND refused = previous_refused THEN 'same'
    WHEN gained AND NOT lost THEN 'upgrade'
    WHEN lost AND NOT gained THEN 'downgrade'
    WHEN gained OR refused AND previous_refused OR openness = previous_openness THEN 'changed'
    WHEN openness < previous_openness THEN 'upgrade'
    ELSE 'downgrade'
  END AS direction
FROM (
  SELECT
    *,
    lag(licence) OVER told AS previous_licence,
    lag(refused) OVER told AS previous_refused,
    lag(openness) OVER told AS previous_openness,
    redistribute AND NOT lag(redistribute) OVER told
      OR commercial AND NOT lag(commercial) OVER told
      OR derivatives AND NOT lag(derivatives) OVER told AS gained,
    lag(redistribute) OVER told AND NOT redistribute
      OR lag(commercial) OVER told AND NOT commercial
      OR lag(derivatives) OVER told AND NOT derivatives AS lost
  FROM (
    SELECT
      said.candidate_id AS subject,
      said.stated_at,
      said.run_id,
      licence_name(said.rights_family, said.rights_version, said.rights_jurisdiction)
        || CASE
          WHEN list_contains(said.rights_flags, 'refuse') AND NOT permits.refused THEN ', refused'
          ELSE ''
        END
        || CASE
          WHEN json_array_length(said.rights_alternatives) > 0
            THEN ' or ' || array_to_string(list_transform(
              from_json(said.rights_alternatives, '[{"family":"VARCHAR","version":"VARCHAR","jurisdiction":"VARCHAR"}]'),
              lambda offer: licence_name(offer.family, offer.version, offer.jurisdiction)
            ), ' or ')
          ELSE ''
        END AS licence,
      permits.refused OR list_contains(said.rights_flags, 'refuse') AS refused,
      permits.openness + CASE WHEN list_contains(said.rights_flags, 'refuse') THEN 100 ELSE 0 END AS openness,
      coalesce(permits.redistribute, FALSE) AND NOT list_contains(said.rights_flags, 'refuse') AS redistribute,
      coalesce(permits.commercial, FALSE) AND NOT list_contains(said.rights_flags, 'refuse') AS commercial,
      coalesce(permits.derivatives, FALSE) AND NOT list_contains(said.rights_flags, 'refuse') AS derivatives
    FROM candidates AS said
    JOIN licence_families AS permits ON permits.family = said.rights_family
  )
  WINDOW told AS (PARTITION BY subject ORDER BY run_id)
);
COMMENT ON VIEW rights_history IS 'Every statement of a source about the licence of an item: the licence, the one before it, and whether more is permitted than before (upgrade), less (downgrade), or other things (changed).';

-- What do archivists state against the source, and what does the source say?
CREATE OR REPLACE VIEW corrected AS
SELECT
  word.subject,
  said.source,
  said.source_id,
  word.field,
  CASE word.field
    WHEN 'title' THEN said.title
    WHEN 'creator' THEN said.creator
    WHEN 'creation_date' THEN said.creation_date
    WHEN 'caption' THEN said.caption
    WHEN 'credit' THEN said.credit_line
    ELSE licence_name(said.rights_family, said.rights_version, said.rights_jurisdiction)
  END AS said_by_source,
  CASE
    WHEN word.field = 'licence'
      THEN licence_name(word.value ->> '$.family', word.value ->> '$.version', word.value ->> '$.jurisdiction')
    ELSE word.value ->> '$'
  END AS corrected_to,
  word.who,
  word.reason,
  CASE WHEN word.field = 'licence' THEN word.value ->> '$.evidence' END AS evidence,
  word.run_id,
  word.stated_at
FROM current_corrections AS word
LEFT JOIN current_statements AS said ON said.candidate_id = word.subject
WHERE word.value IS NOT NULL AND word.subject NOT IN (SELECT subject FROM withdrawals);
COMMENT ON VIEW corrected IS 'Corrections that stand: what the source says, what an archivist states instead, who and why.';

-- Which withdrawals does a recheck propose, and nobody has carried out?
CREATE OR REPLACE VIEW open_proposals AS
SELECT subject, kind, detail, since
FROM (
  SELECT
    subject,
    kind,
    arg_max(state, run_id) AS state,
    arg_max(detail, run_id) AS detail,
    min(stated_at) FILTER (state = 'open' AND run_id > coalesce(cleared, '')) AS since
  FROM (
    SELECT *, max(CASE WHEN state = 'cleared' THEN run_id END) OVER (PARTITION BY subject, kind) AS cleared
    FROM proposals
  )
  GROUP BY subject, kind
)
WHERE state = 'open' AND subject NOT IN (SELECT subject FROM withdrawals);
COMMENT ON VIEW open_proposals IS 'Proposed withdrawals that nobody has carried out, with the cause and since when, by subject and kind.';

-- The same, with what stands about each item.
CREATE OR REPLACE VIEW proposed_withdrawals AS
SELECT
  proposed.subject,
  said.title,
  said.source,
  said.source_id,
  proposed.kind,
  proposed.detail,
  proposed.since,
  said.page_url,
  said.sha256
FROM open_proposals AS proposed
LEFT JOIN current_candidates AS said ON said.candidate_id = proposed.subject
ORDER BY proposed.since, proposed.subject, proposed.kind;
COMMENT ON VIEW proposed_withdrawals IS 'Items that are gone or contested at their source, with the cause and since when; `fototeca withdraw` carries it out.';

-- What was withdrawn?
CREATE OR REPLACE VIEW withdrawn AS
SELECT
  subject,
  CASE WHEN source IS NULL THEN 'generated' ELSE 'harvested' END AS kind,
  source,
  source_id,
  sha256,
  reason,
  who,
  withdrawn_at
FROM withdrawals
ORDER BY withdrawn_at DESC, subject;
COMMENT ON VIEW withdrawn IS 'Tombstones, the newest first: what was withdrawn, why, by whom and when.';

-- When were the bytes of each picture last read again, and were they whole?
CREATE OR REPLACE VIEW last_checked AS
SELECT image.sha256, looked.outcome, looked.checked_at, image.size_bytes
FROM images AS image
LEFT JOIN (
  SELECT sha256, arg_max(outcome, checked_at) AS outcome, max(checked_at) AS checked_at
  FROM fixity
  GROUP BY sha256
) AS looked ON looked.sha256 = image.sha256;
COMMENT ON VIEW last_checked IS 'Every picture held, with the outcome and the time of its newest fixity check; NULL when there was none.';
