-- What is known of the pictures beside which others are shown? Of several items with the same bytes the one that is named first.
SELECT
  subject,
  kind,
  sha256,
  title,
  source,
  source_id,
  creator,
  credit_line,
  licence_name(rights_family, rights_version, rights_jurisdiction) AS licence,
  page_url,
  format,
  width_px,
  height_px,
  size_bytes
FROM records
WHERE sha256 IN (SELECT unnest($pictures::VARCHAR[]))
QUALIFY row_number() OVER (
  PARTITION BY sha256
  ORDER BY subject NOT IN (SELECT unnest($subjects::VARCHAR[])), kind DESC, subject
) = 1
