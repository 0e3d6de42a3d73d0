-- What every criterion reads besides subjects and facts: the last words of all criteria, and an empty table for answers.

CREATE OR REPLACE TEMP TABLE last_words AS
SELECT subject, criterion, version, verdict, reason, evidence
FROM current_decisions;

CREATE OR REPLACE TEMP TABLE given (
  subject VARCHAR NOT NULL,
  criterion VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  verdict VARCHAR CHECK (verdict IN ('keep', 'review', 'exclude')),
  reason VARCHAR CHECK (verdict IS NULL OR reason IS NOT NULL),
  evidence JSON CHECK (verdict IS NULL OR evidence IS NOT NULL)
);
