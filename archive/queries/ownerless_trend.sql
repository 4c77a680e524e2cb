-- Made from ownerless_trend.kql by `python -m archive.translate`; do not edit.
WITH _s0 AS (SELECT * FROM "ClientSecretMonitoring_CL"),
     _s1 AS (SELECT * FROM _s0 WHERE (("TimeGenerated" > (CAST($now AS TIMESTAMP) - CAST($Window AS INTERVAL))) AND CASE WHEN typeof("OwnerUPN") = 'JSON' THEN coalesce((coalesce("OwnerUPN" ->> '$', '') = 'NotExists'), FALSE) ELSE coalesce(("OwnerUPN" = 'NotExists'), FALSE) END)),
     _s2 AS (SELECT to_timestamp(floor(epoch(coalesce(CASE WHEN CAST("ScanDate" AS VARCHAR) <> '' THEN "ScanDate" END, CASE WHEN CAST("TimeGenerated" AS VARCHAR) <> '' THEN "TimeGenerated" END, "ScanDate", "TimeGenerated")) / epoch(INTERVAL '1d')) * epoch(INTERVAL '1d')) AT TIME ZONE 'UTC' AS "Day", "ApplicationAppId" AS "ApplicationAppId" FROM _s1 GROUP BY to_timestamp(floor(epoch(coalesce(CASE WHEN CAST("ScanDate" AS VARCHAR) <> '' THEN "ScanDate" END, CASE WHEN CAST("TimeGenerated" AS VARCHAR) <> '' THEN "TimeGenerated" END, "ScanDate", "TimeGenerated")) / epoch(INTERVAL '1d')) * epoch(INTERVAL '1d')) AT TIME ZONE 'UTC', "ApplicationAppId"),
     _s3 AS (SELECT "Day" AS "Day", count(*) AS "OwnerlessApplications" FROM _s2 GROUP BY "Day"),
     _s4 AS (SELECT * FROM _s3 ORDER BY "Day" ASC NULLS FIRST)
SELECT * FROM _s4
