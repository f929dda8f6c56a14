"""Files that are built elsewhere in the repository and served as they are: `mcx.js` from tracker/."""
