-- Who holds what these sources show, as each source declared it last? One that declares nothing is named itself.
SELECT DISTINCT coalesce(declared.institution, asked.name) AS institution
FROM (SELECT unnest($sources::VARCHAR[]) AS name) AS asked
LEFT JOIN (
  SELECT name, institution
  FROM sources
  QUALIFY row_number() OVER (PARTITION BY name ORDER BY stated_at DESC, run_id DESC) = 1
) AS declared USING (name)
ORDER BY institution
