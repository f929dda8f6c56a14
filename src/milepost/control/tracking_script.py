"""The text behind "Show Tracking Script": what a site pastes into its pages (seed 000, lines 186-236).

Takes the Analytics Key and the api listener's address; gives the snippet, whose source is tracker/snippet.html.
"""

from __future__ import annotations

import json

_SNIPPET = """<script>
!((c,w=self,d=document,s=d.createElement("script"),f=n=>w["mcx"+n]=(a,b,i,t)=>\
new Promise(r=>{try{t=JSON.stringify(b)}catch{}w[.5].push([n,+new Date,r,a,t,i,b]);setTimeout(r,3e3)}))=>\
(w[.5]?mcxContext:(w[.5]=[],s.src=c.apiUrl+"/mcx.js",s.nonce=(d.currentScript||s).nonce,d.head.append(s),\
f("Track"),f("Consent"),f("Context")))(c))({
connectionId:ANALYTICS_KEY,
apiUrl:API_URL,
companyId:"",
userId:"",
trackAllPageLoads:false,
trackAllClicks:false})
</script>
"""


def tracking_script(analytics_key: str, api_url: str) -> str:
    """The snippet of at most 500 bytes for a page; `api_url` is the api listener's base, without a final slash.

    For an index.js, the same without its first and last line, the script tags.
    """
    return _SNIPPET.replace("ANALYTICS_KEY", _literal(analytics_key)).replace("API_URL", _literal(api_url))


def _literal(text: str) -> str:
    """A JavaScript string that cannot end the script element it stands in."""
    return json.dumps(text).replace("<", "\\u003c")
