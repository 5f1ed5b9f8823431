-- A staged batch without its rows: its columns, for GX reads the rows of a query to know them.
SELECT * FROM {batch} LIMIT 0
