"""xl.cfg and xm text ⇄ the model: part by part, so that an edit moves nothing else.

Each part is a lens: some fields, the keys that say them, a reader and a writer. A config that was
read keeps its document; what changes in it is written into that.
"""

from .config import format_xl_config, parse_xl_config
from .lost import lost_in_xl, lost_in_xml

__all__ = ["format_xl_config", "lost_in_xl", "lost_in_xml", "parse_xl_config"]
