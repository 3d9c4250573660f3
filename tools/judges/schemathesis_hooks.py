"""Bodies of NDJSON for Schemathesis, which knows nothing of them: lines of JSON, some of them broken."""
import json

import schemathesis
from hypothesis import strategies as st

line = st.one_of(
    st.fixed_dictionaries({"text": st.text(min_size=1, max_size=50)}, optional={"externalId": st.text(min_size=1, max_size=20)}).map(json.dumps),
    st.dictionaries(st.text(max_size=10), st.integers(), max_size=3).map(json.dumps),
    st.text(max_size=30),
)
schemathesis.openapi.media_type("application/x-ndjson", st.lists(line, max_size=5).map(lambda lines: "\n".join(lines).encode()))
