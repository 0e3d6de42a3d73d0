-- Views, third part: the questions that people ask.

-- Which pictures pass, whether or not the curation that says so has ended? (The splits are drawn from this.)
CREATE OR REPLACE VIEW passing AS
SELECT record.*, verdict.judged
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE verdict.verdict = 'keep' AND record.sha256 IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY record.sha256 ORDER BY record.subject) = 1;
COMMENT ON VIEW passing IS 'Pictures that no criterion and no person holds back, one row an image; used inside a curation, before it has ended.';

-- Which pictures may be handed over?
CREATE OR REPLACE VIEW kept AS
SELECT * EXCLUDE (judged)
FROM passing
WHERE judged;
COMMENT ON VIEW kept IS 'Pictures that a complete curation has judged and kept, one row an image. Nothing else is augmented or exported.';

-- Which pictures wait for a person?
CREATE OR REPLACE VIEW waiting AS
SELECT record.*, verdict.criterion, verdict.reason, verdict.evidence
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE verdict.verdict = 'review' AND record.sha256 IS NOT NULL;
COMMENT ON VIEW waiting IS 'Pictures that a person must look at, with the reason; `fototeca decide` answers.';

-- Which pictures came after the last curation?
CREATE OR REPLACE VIEW unjudged AS
SELECT record.*
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE NOT verdict.judged AND verdict.verdict = 'keep' AND record.sha256 IS NOT NULL;
COMMENT ON VIEW unjudged IS 'Pictures that no complete curation has seen as they stand now: run `fototeca curate`.';

-- What did we leave out, and why?
CREATE OR REPLACE VIEW excluded AS
SELECT
  record.subject,
  record.kind,
  record.title,
  record.source,
  record.source_id,
  record.sha256,
  coalesce(CASE WHEN verdict.verdict <> 'keep' THEN verdict.criterion END, 'not_held') AS criterion,
  coalesce(
    CASE WHEN verdict.verdict <> 'keep' THEN verdict.reason END,
    record.outcome_detail,
    'Its bytes are not held: ' || record.outcome || '.'
  ) AS reason,
  verdict.evidence,
  verdict.who,
  record.outcome,
  record.concepts,
  record.rights_family
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE verdict.verdict = 'exclude' OR record.sha256 IS NULL;
COMMENT ON VIEW excluded IS 'Everything that was left out, one row a subject, with the reason that weighs most; not_held: no criterion objects, but there are no bytes.';

-- Of which concepts do we have too few?
CREATE OR REPLACE VIEW scarce AS
SELECT
  concept.name AS concept,
  concept.class_noun,
  concept.rare_token,
  concept.target,
  count(record.subject) FILTER (record.kind = 'harvested') AS kept,
  count(record.subject) FILTER (record.kind = 'generated') AS generated,
  concept.target - count(record.subject) AS missing
FROM current_concepts AS concept
LEFT JOIN kept AS record ON list_contains(record.concepts, concept.name)
GROUP BY concept.name, concept.class_noun, concept.rare_token, concept.target
HAVING concept.target > count(record.subject)
ORDER BY missing DESC, concept.name;
COMMENT ON VIEW scarce IS 'Concepts with fewer kept pictures than their target, the scarcest first.';

-- Whom do we thank, and under which licence?
CREATE OR REPLACE VIEW credits AS
SELECT
  record.sha256,
  record.subject,
  record.title,
  record.creator,
  licence_name(record.rights_family, record.rights_version, record.rights_jurisdiction) AS licence,
  record.rights_uri AS licence_uri,
  record.credit_line,
  record.source,
  record.page_url,
  record.image_url,
  record.kind = 'generated' AS modified,
  record.parent,
  record.rights_family AS family,
  record.rights_version AS version,
  record.rights_jurisdiction AS jurisdiction,
  record.creation_date,
  held.institution,
  record.other ->> '$.credit_line' IS NOT NULL AND NOT list_contains(record.corrected, 'credit') AS credit_is_composed
FROM kept AS record
LEFT JOIN (
  SELECT name, institution
  FROM sources
  QUALIFY row_number() OVER (PARTITION BY name ORDER BY run_id DESC) = 1
) AS held ON held.name = record.source
ORDER BY record.title, record.sha256;
COMMENT ON VIEW credits IS 'Title, creator, licence and credit line of every kept picture; modified: made from it by a model.';

-- How did each generated picture come to be?
CREATE OR REPLACE VIEW lineage AS
SELECT
  made.sha256,
  made.parent,
  made.request,
  asked.concept,
  asked.prompt,
  asked.negative_prompt,
  asked.model,
  asked.revision,
  asked.scheduler,
  asked.seed,
  asked.strength,
  asked.guidance,
  asked.steps,
  asked.lora,
  asked.control,
  asked.sampler,
  asked.width_px,
  asked.height_px,
  record.parent_subject,
  record.title AS parent_title,
  record.creator AS parent_creator,
  licence_name(record.rights_family, record.rights_version, record.rights_jurisdiction) AS parent_licence,
  record.split,
  made.run_id,
  made.made_at
FROM variations AS made
JOIN requests AS asked ON asked.digest = made.request
LEFT JOIN generated_records AS record ON record.sha256 = made.sha256;
COMMENT ON VIEW lineage IS 'Each generated picture with its parent, the words and settings that made it, and the parent''s credit.';

-- Which exports and which training runs hold a picture?
CREATE OR REPLACE VIEW whereabouts AS
SELECT sample.sha256, 'export' AS kind, export.folder AS name, sample.shard AS detail, max(export.exported_at) AS at
FROM samples AS sample
JOIN exports AS export ON export.manifest_digest = sample.export
GROUP BY sample.sha256, export.folder, sample.export, sample.shard
UNION ALL
SELECT trained.sha256, 'training', trained.trained_run, trained.times_drawn || ' times drawn', run.started_at
FROM trained_on AS trained
LEFT JOIN runs AS run ON run.run_id = trained.trained_run;
COMMENT ON VIEW whereabouts IS 'Where a picture went: the exports that hold it and the training runs that drew it.';
