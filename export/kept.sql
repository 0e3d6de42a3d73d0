-- Which pictures can be handed over, with all that a sample says of them?
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
ORDER BY kept.sha256
