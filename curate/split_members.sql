-- Which harvested pictures are there to split, and which of them nothing but an earlier eviction holds back?
SELECT
  record.sha256,
  min(record.anchor) AS anchor,
  min(record.split) AS split,
  bool_or(coalesce(decided.verdict, 'keep') = 'keep') AS passes,
  list_sort(list_distinct(flatten(list(record.concepts)))) AS concepts,
  list_distinct(
    list({'source': record.source, 'page': record.page_url}) FILTER (record.page_url IS NOT NULL)
  ) AS objects
FROM records AS record
LEFT JOIN (
  SELECT *
  FROM weighed_decisions
  WHERE criterion <> 'split'
  QUALIFY row_number() OVER (PARTITION BY subject ORDER BY weight, criterion) = 1
) AS decided ON decided.subject = record.subject
WHERE record.kind = 'harvested' AND record.sha256 IS NOT NULL
GROUP BY record.sha256
ORDER BY record.sha256
