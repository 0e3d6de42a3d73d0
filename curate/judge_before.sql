-- What every criterion reads: subjects as they are now, the newest facts of their pictures, and an empty table for answers.
CREATE OR REPLACE TEMP TABLE everything AS
SELECT * FROM records WHERE outcome IS DISTINCT FROM 'withdrawn';

CREATE OR REPLACE TEMP TABLE facts AS
SELECT * FROM current_measures
WHERE bits IS NULL;

CREATE OR REPLACE TEMP TABLE given (
  subject VARCHAR NOT NULL,
  criterion VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  verdict VARCHAR CHECK (verdict IN ('keep', 'review', 'exclude')),
  reason VARCHAR CHECK (verdict IS NULL OR reason IS NOT NULL),
  evidence JSON CHECK (verdict IS NULL OR evidence IS NOT NULL)
);
