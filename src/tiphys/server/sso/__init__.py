"""Single sign-on by OpenID Connect: the code flow with PKCE, and tokens of other issuers.

Source: OpenID Connect Core 1.0 and Discovery 1.0; RFC 7636 for PKCE; RFC 9700, "Best Current
Practice for OAuth 2.0 Security".
"""
