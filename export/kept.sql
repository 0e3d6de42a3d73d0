-- Which pictures can be handed over, with all that a sample says of them?
-- `digest` is of all that stands in the row: of two rows with the same one, samples say the same.
SELECT taken.*, sha256(to_json(taken)::VARCHAR) AS digest
FROM (
  SELECT
    kept.*,
    verdict.criterion = 'person' AS by_person,
    verdict.who,
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
    parent.subject AS parent_subject
  FROM kept
  JOIN verdicts AS verdict USING (subject)
  LEFT JOIN requests AS asked ON asked.digest = kept.request
  LEFT JOIN kept AS parent ON parent.sha256 = kept.parent AND parent.kind = 'harvested'
) AS taken
ORDER BY taken.sha256
