-- Does the catalogue know this export into this folder, and each of its samples?
SELECT export.samples AS stated, count(sample.sha256) AS held
FROM (
  SELECT DISTINCT manifest_digest, folder, samples
  FROM exports
) AS export
LEFT JOIN samples AS sample ON sample.export = export.manifest_digest
WHERE export.manifest_digest = $digest AND export.folder = $folder
GROUP BY export.samples
