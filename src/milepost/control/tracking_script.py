"""The text behind "Show Tracking Script": what a site pastes into its pages (seed 000, lines 186-236)."""

from __future__ import annotations

import json


def tracking_script(analytics_key: str, api_url: str) -> str:
    """The snippet for a connection's Analytics Key; `api_url` is the base of the api listener, without a slash."""
    return f"""<script>
  window.mcxConfig = {{
    analyticsKey: {json.dumps(analytics_key)},
    companyId: null,
    userId: null,
    trackAllPageLoads: false,
    trackAllClicks: false
  }};
</script>
<script async src="{api_url}/mcx.js"></script>
"""
