-- Which pictures wait for a person (or, when asked, were left out as copies), with every reason and all that helps to decide?
SELECT
  record.subject,
  record.kind,
  record.sha256,
  record.title,
  record.source,
  record.source_id,
  record.creator,
  record.credit_line,
  licence_name(record.rights_family, record.rights_version, record.rights_jurisdiction) AS licence,
  record.page_url,
  record.format,
  record.width_px,
  record.height_px,
  record.size_bytes,
  record.concepts,
  record.parent,
  verdict.criterion,
  said.reasons
FROM records AS record
JOIN verdicts AS verdict USING (subject)
JOIN (
  SELECT
    subject,
    list({'criterion': criterion, 'verdict': verdict, 'reason': reason, 'evidence': evidence::VARCHAR} ORDER BY criterion)
      AS reasons
  FROM current_decisions
  WHERE verdict <> 'keep'
  GROUP BY subject
) AS said ON said.subject = record.subject
WHERE record.sha256 IS NOT NULL
  AND verdict.verdict = $verdict
  AND (len($criteria::VARCHAR[]) = 0 OR list_has_any(list_transform(said.reasons, lambda one: one.criterion), $criteria::VARCHAR[]))
  AND ($concept IS NULL OR list_contains(record.concepts, $concept))
ORDER BY verdict.criterion, lower(record.title), record.subject
