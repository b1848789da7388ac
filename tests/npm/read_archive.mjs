// Reads an archive folder as one hive-partitioned table with DuckDB: read_archive.mjs FOLDER ROWS
import { DuckDBInstance } from '@duckdb/node-api'

const [folder, rows] = process.argv.slice(2)
const duck = await (await DuckDBInstance.create(':memory:',
	{ threads: '1', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' })).connect()
const reply = await duck.runAndReadAll(`
	SELECT count(*), count(DISTINCT event_id), count(*) FILTER (month <> strftime(timestamp AT TIME ZONE 'UTC', '%Y-%m')),
		count(*) FILTER (platform <> 'claude_code'), count(*) FILTER (payload NOT LIKE '{%}')
	FROM read_parquet('${folder}/*/*/*.parquet', hive_partitioning = true)`)
const [all, ids, otherMonth, otherPlatform, noPayload] = reply.getRows()[0].map(Number)
console.log({ all, ids, otherMonth, otherPlatform, noPayload })
if (all !== Number(rows) || ids !== all || otherMonth || otherPlatform || noPayload) {
	process.exit(1)
}
