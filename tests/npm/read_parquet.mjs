// Reads the Parquet files of a folder with DuckDB and with hyparquet, and compares every value with
// what NAME.jsonl says. That file: first line [[name, type, optional], ...], then a line per row.
// Numbers are decimal text, doubles the hex of their bits, bytes hex; null is null.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const folder = process.argv[2]
let values = 0

function fail(text) {
	console.error(text)
	process.exit(1)
}

function hex(bytes) {
	return Buffer.from(bytes).toString('hex')
}

function bits(number) {
	const view = new DataView(new ArrayBuffer(8))
	view.setFloat64(0, number)
	return hex(view.buffer)
}

// A reader's value in the form of the .jsonl; `micros` and `bytes` take that reader's own objects.
function plain(type, value, micros, bytes) {
	if (value === null || value === undefined) {
		return null
	}
	switch (type) {
	case 'bool':
		return value
	case 'int64':
		return BigInt(value).toString()
	case 'double':
		return bits(value)
	case 'text':
		return value
	case 'bytes':
		return hex(bytes(value))
	case 'timestamp':
		return micros(value).toString()
	}
	return fail(`unknown type ${type}`)
}

function compare(reader, name, columns, rows, want, micros, bytes) {
	if (rows.length !== want.length) {
		fail(`${reader}, ${name}: ${rows.length} rows, not ${want.length}`)
	}
	for (let r = 0; r < rows.length; r++) {
		for (let c = 0; c < columns.length; c++) {
			const got = plain(columns[c][1], rows[r][c], micros, bytes)
			if (got !== want[r][c]) {
				fail(`${reader}, ${name}: row ${r}, column ${columns[c][0]}: ` +
					`${JSON.stringify(got)?.slice(0, 200)}, not ${JSON.stringify(want[r][c]).slice(0, 200)}`)
			}
			values++
		}
	}
}

// What each group's statistics say, taken together, is what the column has.
async function compareStatistics(db, name, path, columns, want) {
	const reply = await db.runAndReadAll(`
		SELECT column_id, sum(stats_null_count)::BIGINT, min(stats_min_value), max(stats_max_value),
			count(*) FILTER (stats_min_value IS NULL)::BIGINT, sum(num_values)::BIGINT
		FROM parquet_metadata('${path}') GROUP BY ALL ORDER BY column_id`)
	for (const [id, nulls, , , , n] of reply.getRows()) {
		const wantNulls = want.filter((row) => row[Number(id)] === null).length
		if (Number(nulls) !== wantNulls || Number(n) !== want.length) {
			fail(`${name}: column ${columns[id][0]}: the statistics say ${nulls} nulls of ${n}, ` +
				`there are ${wantNulls} of ${want.length}`)
		}
	}
	// A wrong minimum or maximum makes DuckDB pass over groups that have the value.
	for (let c = 0; c < columns.length; c++) {
		const type = columns[c][1]
		if (type !== 'int64' && type !== 'text') {
			continue
		}
		const some = new Map()
		for (const row of want) {
			if (row[c] !== null && row[c].length <= 64 && (some.has(row[c]) || some.size < 5)) {
				some.set(row[c], (some.get(row[c]) ?? 0) + 1)
			}
		}
		for (const [value, n] of some) {
			const literal = type === 'text' ? `'${value.replaceAll("'", "''")}'` : value
			const counted = await db.runAndReadAll(
				`SELECT count(*) FROM '${path}' WHERE "${columns[c][0]}" = ${literal}`)
			if (Number(counted.getRows()[0][0]) !== n) {
				fail(`${name}: column ${columns[c][0]}: ${counted.getRows()[0][0]} rows are found, not ${n}`)
			}
		}
	}
}

const duckTypes = { bool: 'BOOLEAN', int64: 'BIGINT', double: 'DOUBLE', text: 'VARCHAR', bytes: 'BLOB',
	timestamp: 'TIMESTAMP WITH TIME ZONE' }
const duck = await (await DuckDBInstance.create(':memory:',
	{ threads: '1', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' })).connect()
const files = readdirSync(folder).filter((name) => name.endsWith('.parquet')).sort()

for (const name of files) {
	const path = join(folder, name)
	const lines = readFileSync(path.replace(/parquet$/, 'jsonl'), 'utf8').trimEnd().split('\n')
	const [columns, ...want] = lines.map((line) => JSON.parse(line))

	const reply = await duck.runAndReadAll(`SELECT * FROM read_parquet('${path}')`)
	const types = reply.columnTypes().map((type) => type.toString())
	for (let c = 0; c < columns.length; c++) {
		if (reply.columnNames()[c] !== columns[c][0] || types[c] !== duckTypes[columns[c][1]]) {
			fail(`DuckDB, ${name}: column ${c} is ${reply.columnNames()[c]} ${types[c]}, not ${columns[c]}`)
		}
	}
	compare('DuckDB', name, columns, reply.getRows(), want, (value) => value.micros, (value) => value.bytes)
	await compareStatistics(duck, name, path, columns, want)

	const objects = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors, utf8: false,
		parsers: { timestampFromMicroseconds: (value) => value, stringFromBytes: (bytes) =>
			bytes && Buffer.from(bytes).toString('utf8') } })
	compare('hyparquet', name, columns, objects.map((row) => columns.map(([column]) => row[column])), want,
		(value) => value, (value) => value)
}
if (files.length === 0) {
	fail('no files')
}
console.log(`${files.length} files, ${values} values`)
