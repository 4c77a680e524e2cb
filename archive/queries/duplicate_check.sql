-- Made from duplicate_check.kql by `python -m archive.translate`; do not edit.
WITH "_l0_Runs" AS (WITH _s0 AS (SELECT * FROM "CredentialScanRuns_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE ("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL)))),
     _s2 AS (SELECT "RunId" AS "RunId", max("TimeGenerated") AS "TimeGenerated", COALESCE(arg_max({'v': "StartedAt"}, "TimeGenerated"), any_value({'v': "StartedAt"}))['v'] AS "StartedAt", COALESCE(arg_max({'v': "CredentialsScanned"}, "TimeGenerated"), any_value({'v': "CredentialsScanned"}))['v'] AS "CredentialsScanned" FROM _s1 GROUP BY "RunId")
SELECT * FROM _s2),
     _s0 AS (SELECT * FROM "ClientSecretMonitoring_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE ("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL)))),
     _s2 AS (SELECT "RunId" AS "RunId", "ApplicationObjectId" AS "ApplicationObjectId", "CredentialKeyId" AS "CredentialKeyId", count(*) AS "Copies" FROM _s1 GROUP BY "RunId", "ApplicationObjectId", "CredentialKeyId"),
     _s3 AS (SELECT "RunId" AS "RunId", coalesce(sum("Copies"), 0) AS "Rows", count(*) AS "Distinct", count(*) FILTER (WHERE ("Copies" > CAST(1 AS BIGINT))) AS "Duplicates" FROM _s2 GROUP BY "RunId"),
     _s4 AS (SELECT _l."RunId" AS "RunId", _l."Rows" AS "Rows", _l."Distinct" AS "Distinct", _l."Duplicates" AS "Duplicates", _r."RunId" AS "RunId1", _r."TimeGenerated" AS "TimeGenerated", _r."StartedAt" AS "StartedAt", _r."CredentialsScanned" AS "CredentialsScanned" FROM _s3 AS _l LEFT JOIN (SELECT * FROM "_l0_Runs") AS _r ON _l."RunId" IS NOT DISTINCT FROM _r."RunId"),
     _s5 AS (SELECT "RunId" AS "RunId", "StartedAt" AS "StartedAt", "CredentialsScanned" AS "Expected", "Rows" AS "Rows", "Distinct" AS "Distinct", "Duplicates" AS "Duplicates", ("CredentialsScanned" - "Distinct") AS "Missing" FROM _s4),
     _s6 AS (SELECT * FROM _s5 ORDER BY "StartedAt" DESC NULLS LAST, "RunId" ASC NULLS FIRST)
SELECT * FROM _s6
