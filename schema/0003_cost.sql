-- Money. Written by src/slowpath: the evidence by the workers, the rest by the finaliser and the reprice job.
-- pusd is pico-USD (1e-12 USD), an integer: a price per token is one, so a sum has no rounding.

ALTER TABLE model_calls ADD COLUMN inference_geo TEXT;      -- evidence: "us" costs more
ALTER TABLE model_calls ADD COLUMN text_chars    INTEGER;   -- evidence: characters of its text; a cut stream is charged for them
ALTER TABLE model_calls ADD COLUMN compat_pusd   INTEGER;   -- finaliser: the same call by ccusage's rules; NULL: no price
-- compat_pusd is of cut streams too, which ccusage counts like all others (conversations.compat_pusd is without them).
-- reported_pusd (0002): evidence, what the client wrote beside the call. cost_pusd: finaliser, computed; a model without a
-- price has what was reported, else NULL. Of an aborted call it is what the client charges for the cut stream.
-- price_id: the table of prices that computed it, "reported" for what was taken as reported.

ALTER TABLE conversations ADD COLUMN client_cost_pusd  INTEGER;  -- evidence: the client's own running total, its largest
ALTER TABLE conversations ADD COLUMN cost_pusd         INTEGER;  -- finaliser: of calls with a price; NULL: none has one
ALTER TABLE conversations ADD COLUMN compat_pusd       INTEGER;  -- finaliser
ALTER TABLE conversations ADD COLUMN aborted_cost_pusd INTEGER;  -- finaliser: of cut streams, apart
ALTER TABLE conversations ADD COLUMN unpriced_calls    INTEGER;  -- finaliser

-- The prices that the service computes with now, so that others can tell what is out of date: one row. Written by
-- src/slowpath when it starts.
CREATE TABLE price_now (
	one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	price_id TEXT    NOT NULL
) STRICT;

-- Every session is looked at again: its calls have no cost yet.
INSERT INTO dirty_session SELECT id, 1 FROM conversations WHERE true
	ON CONFLICT (conversation_id) DO UPDATE SET generation = generation + 1;
