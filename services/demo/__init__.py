"""`hocba demo`: two provinces on sample data, told from the first roster to the refused forgery.

Nothing here is a mock: the servers, the import, the courier and the checks are the real ones.
"""
