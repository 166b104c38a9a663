"""In step with the ministry's database (CSDL ngành): changes out, their export compared with ours.

Official codes and the day they count from are derived for the date asked for; nothing is stored.
"""
