-- Which harvested items show a scarce concept, and what keeps each from being varied? obstacle is NULL when nothing does.
-- Parameters: concepts (list of names), purpose (research or commercial).
WITH usable_licences AS (
  -- The most open licence offered (openness 0 is the freest) that permits changed versions and suits the purpose. Soft ones
  -- state no permission at all, so they do not permit changes, whatever curation.toml accepts.
  SELECT
    subject,
    family,
    uri,
    licence_name(family, version, jurisdiction) AS licence
  FROM licences_offered
  WHERE derivatives AND redistribute AND NOT refused AND ($purpose = 'research' OR coalesce(commercial, FALSE))
  QUALIFY row_number() OVER (PARTITION BY subject ORDER BY openness, position) = 1
),
changeable AS (
  SELECT DISTINCT subject
  FROM licences_offered
  WHERE derivatives AND redistribute AND NOT refused
)
SELECT
  wanted.concept,
  record.subject,
  record.sha256,
  record.title,
  record.creator,
  record.credit_line,
  record.caption,
  record.caption_language,
  usable.licence,
  usable.uri AS licence_uri,
  -- As the picture is looked at, after its EXIF orientation; the header's size in images is before it.
  width.value::INTEGER AS width_px,
  height.value::INTEGER AS height_px,
  CASE
    WHEN verdict.verdict = 'exclude' THEN verdict.criterion
    WHEN record.sha256 IS NULL THEN 'not_held'
    WHEN verdict.verdict = 'review' THEN 'waiting'
    WHEN NOT verdict.judged THEN 'not_judged'
    WHEN kept.subject IS NULL THEN 'same_picture'
    WHEN changeable.subject IS NULL THEN 'no_derivatives'
    WHEN usable.subject IS NULL THEN 'not_commercial'
    WHEN record.split IS NULL THEN 'no_split'
    WHEN record.split <> 'train' THEN 'held_out'
    WHEN width.value IS NULL OR height.value IS NULL THEN 'not_measured'
  END AS obstacle
FROM (SELECT unnest($concepts::VARCHAR[]) AS concept) AS wanted
JOIN harvested_records AS record ON list_contains(record.concepts, wanted.concept)
JOIN harvested_verdicts AS verdict ON verdict.subject = record.subject
LEFT JOIN kept ON kept.subject = record.subject
LEFT JOIN usable_licences AS usable ON usable.subject = record.subject
LEFT JOIN changeable ON changeable.subject = record.subject
LEFT JOIN current_measures AS width ON width.sha256 = record.sha256 AND width.measure = 'width_px'
LEFT JOIN current_measures AS height ON height.sha256 = record.sha256 AND height.measure = 'height_px'
ORDER BY wanted.concept, record.sha256, record.subject
