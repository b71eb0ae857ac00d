"""Signatures of requests to Amazon are those that Amazon computes.

The expected one was computed with `botocore`'s SigV4Auth for the same request.
"""

from datetime import UTC, datetime

from yarl import URL

from tiphys.notifications.services.aws import signed


def test_a_request_is_signed() -> None:
    headers = signed(
        URL("https://sqs.eu-central-1.amazonaws.com/"),
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
        b'{"QueueUrl":"https://sqs/1/q","MessageBody":"hi"}',
        ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )

    assert headers["X-Amz-Date"] == "20260102T030405Z"
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/sqs/aws4_request,"
        " SignedHeaders=content-type;host;x-amz-date;x-amz-target,"
        " Signature=4f5506d82d4b0b6e1c0b8e0325726dfa7d4a0b2b1071191d5cd1067512ba6563"
    )
