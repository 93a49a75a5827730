// The cohort of a user as an edge function computes it (headgate/assignment.py says which bytes).
// Written for the runtime of CloudFront Functions: no Buffer, no BigInt, only `crypto` and strings.
const crypto = require('crypto');

function cohort(userKey, salt) {
  const digest = crypto.createHash('sha256').update(salt + '\u0000' + userKey).digest('hex');
  return parseInt(digest.substring(0, 12), 16) % 100;
}

// Only for the test: vectors as JSON on stdin, cohorts as JSON on stdout.
const vectors = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(vectors.map((each) => cohort(each.key.repeat(each.times || 1), each.salt))));
