-- What is known of each picture, one row a picture: the newest of each fact that a criterion asks for, NULL where it was not taken.
-- Columns and names of measures are filled in from what the criteria declare in FACTS.
CREATE OR REPLACE TEMP TABLE facts AS
WITH ordered AS (
  -- Runs by number: a number is compared faster than its name, ten million times.
  SELECT run_id, row_number() OVER (ORDER BY run_id)::INTEGER AS place
  FROM (SELECT DISTINCT run_id FROM measures)
)
SELECT sha256{columns}
FROM measures
JOIN ordered USING (run_id)
WHERE measure IN ({measures})
GROUP BY sha256
