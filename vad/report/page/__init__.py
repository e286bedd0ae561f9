"""Page: report.html, one file that opens offline, and what is put into it."""
