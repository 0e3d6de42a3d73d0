-- What recipes put on top of a model: LoRA weights, a ControlNet, the spacing of a sampler's steps. Never edited once applied.

ALTER TABLE requests ADD COLUMN lora VARCHAR;
COMMENT ON COLUMN requests.lora IS 'LoRA weights laid over the model, in order, as JSON: name, revision, file, scale; NULL: none.';
ALTER TABLE requests ADD COLUMN control VARCHAR;
COMMENT ON COLUMN requests.control IS 'ControlNet that held it to its parent, as JSON: kind, model, revision, scale, and what found the edges or the depth; NULL: none.';
ALTER TABLE requests ADD COLUMN sampler VARCHAR;
COMMENT ON COLUMN requests.sampler IS 'Settings of the sampler that differ from the model''s own, as JSON; NULL: none.';
