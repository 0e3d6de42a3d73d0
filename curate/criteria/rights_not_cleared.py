"""Pictures whose licence does not permit the purpose of this workspace, or that have no licence that is recognised.

Of several licences offered for one file the most open one that permits the purpose is used, and named. Unknown means not
cleared. The same file cleared at one place and expressly refused at another waits for a person. What a model made from a
picture needs a licence that permits changed versions.
"""

VERSION = "1"
APPLIES_TO = ("harvested", "generated")
PARAMS = None

QUERY = """
WITH offers AS (
  SELECT
    *,
    licence_name(family, version, jurisdiction) AS licence,
    NOT refused
      AND (coalesce(redistribute, FALSE) AND ($purpose = 'research' OR coalesce(commercial, FALSE)) OR soft AND $accept_soft)
      AS clears
  FROM licences_offered
),
chosen AS (
  SELECT
    subject,
    count(*) AS offered,
    string_agg(licence, ' or ' ORDER BY position) AS licences,
    bool_or(clears) AS cleared,
    bool_and(refused AND family NOT IN ('unknown', 'cne', 'und')) AS refused,
    bool_or(soft) AS soft,
    bool_or(clears AND (derivatives OR soft)) AS may_be_varied,
    arg_min(
      {'family': family, 'jurisdiction': jurisdiction, 'licence': licence, 'position': position, 'version': version},
      openness * 1000 + position
    ) FILTER (clears) AS pick
  FROM offers
  GROUP BY subject
),
said AS (
  SELECT
    subject,
    kind,
    sha256,
    parent,
    source,
    coalesce(title, source_id) AS name,
    rights_family AS family,
    rights_flags AS flags,
    corrected,
    from_json(rights_raw, '[["VARCHAR"]]') AS words
  FROM subjects
),
quoted AS (
  SELECT
    said.*,
    coalesce(list_filter(words, lambda pair: trim(coalesce(pair[2], '')) <> '')[1], NULL) AS first_words
  FROM said
),
stated AS (
  SELECT
    quoted.*,
    chosen.* EXCLUDE (subject, refused),
    coalesce(chosen.refused, TRUE) AS refused,
    families.remark,
    CASE
      WHEN first_words IS NULL THEN 'The source states no licence'
      ELSE CASE WHEN list_contains(corrected, 'licence') THEN 'An archivist states “' ELSE 'The source says “' END
        || left(regexp_replace(trim(first_words[2]), '\\s+', ' ', 'g'), 160) || '” (' || first_words[1] || ')'
    END AS quote
  FROM quoted
  LEFT JOIN chosen ON chosen.subject = quoted.subject
  LEFT JOIN licence_families AS families ON families.family = quoted.family
),
refusals AS (
  SELECT sha256, arg_min({'quote': quote, 'source': source, 'subject': subject}, subject) AS refusal
  FROM stated
  WHERE kind = 'harvested' AND sha256 IS NOT NULL AND refused
  GROUP BY sha256
),
judged AS (
  SELECT
    stated.*,
    refusals.refusal,
    CASE
      WHEN kind = 'generated' THEN NULL
      WHEN NOT coalesce(cleared, FALSE) THEN 'exclude'
      WHEN refusals.refusal IS NOT NULL THEN 'review'
      WHEN offered > 1 THEN 'keep'
    END AS verdict
  FROM stated
  LEFT JOIN refusals ON refusals.sha256 = stated.sha256
)
SELECT
  subject,
  verdict,
  CASE
    WHEN verdict = 'keep' THEN 'Offered under ' || licences || '; used under ' || pick.licence || ', which permits '
      || $purpose || ' use.'
    WHEN verdict = 'review' THEN 'Offered here under ' || pick.licence || ', but ' || refusal.source
      || ' has the same file and refuses it: ' || lower(refusal.quote[1]) || refusal.quote[2:] || '. A person must look.'
    WHEN family = 'unknown' AND list_contains(flags, 'impossible-version')
      THEN quote || ', a licence that does not exist in that version; somebody must ask.'
    WHEN family = 'unknown' AND list_contains(flags, 'prose-negation') THEN quote || ', which denies what it names.'
    WHEN family = 'unknown' AND first_words IS NULL THEN quote || ', and without one nothing is cleared.'
    WHEN family = 'unknown' THEN quote || ', which is no licence that is recognised; unknown means not cleared.'
    WHEN coalesce(soft, FALSE) THEN quote || '. ' || remark || ' It is used only with accept_soft = true in curation.toml.'
    WHEN refused THEN quote || '. ' || remark
    WHEN list_contains(flags, 'refuse') THEN quote || ', and another statement on it is stricter.'
    ELSE quote || '. ' || licences || ' does not permit ' || $purpose || ' use.'
  END AS reason,
  CASE
    WHEN pick IS NULL THEN json_object('accept_soft', $accept_soft, 'family', family, 'purpose', $purpose)
    WHEN verdict = 'review'
      THEN json_object('family', pick.family, 'purpose', $purpose, 'refused_by', refusal.subject)
    ELSE json_object(
      'family', pick.family, 'jurisdiction', pick.jurisdiction, 'position', pick.position, 'purpose', $purpose,
      'version', pick.version
    )
  END AS evidence
FROM judged
WHERE verdict IS NOT NULL
UNION ALL
SELECT
  made.subject,
  'exclude',
  'It was made from “' || coalesce(made.title, made.source_id) || '”, whose licence (' || chosen.licences
    || ') permits no changed versions.',
  json_object('parent', record.parent_subject, 'purpose', $purpose)
FROM subjects AS made
JOIN generated_records AS record ON record.subject = made.subject
JOIN chosen ON chosen.subject = record.parent_subject
WHERE made.kind = 'generated' AND NOT coalesce(chosen.may_be_varied, FALSE)
"""
