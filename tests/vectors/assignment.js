// Runs the function of the edge (components/aws/edge_function/cohort.js) under Node. On stdin, as JSON: `vectors`, whose
// cohorts are asked for, and `events`, which are handled; on stdout `cohorts` and the requests that come of `events`.
// The source comes as the only argument.
const { cohort, handler } = new Function('require', process.argv[2] + '\nreturn { cohort, handler };')(require);

const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const cohorts = (asked.vectors || []).map((each) => cohort(each.key.repeat(each.times || 1), each.salt));
process.stdout.write(JSON.stringify({ cohorts, requests: (asked.events || []).map(handler) }));
