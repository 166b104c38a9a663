"""Growth of children: tables of the World Health Organization, z-scores, channels.

Pure functions over figures; nothing here knows of entries, ledgers or persons' names.
"""
