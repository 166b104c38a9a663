"""Bytes, hashes, keys, signatures and the Merkle log.

Here live the canonical JSON form, domain-separated hashes, RFC 6962 trees and proofs, personal-data
encryption, sealed messages, signed notes and checkpoints, certificates, JSON Web Signatures and the
trust bundle. Nothing here knows of pupils, marks, schools or databases, and nothing here imports
another package of the project.
"""
