// Puts the cohort of a user into a header, for the balancer to split users by. Which bytes are hashed says
// headgate/assignment.py; which names and which salt are meant is filled in when the function is built
// (components/aws/cohort_function.py). Runtime: cloudfront-js-2.0, which has `crypto` and little else.
const crypto = require('crypto');

const SETTINGS = {"salt": "", "header": "", "cookie": ""}; // filled in
const COHORT = 'x-headgate-cohort';

function cohort(userKey, salt) {
  const digest = crypto.createHash('sha256').update(salt + '\u0000' + userKey).digest('hex');
  return parseInt(digest.substring(0, 12), 16) % 100;
}

// The first value where a header or cookie was sent more than once; an empty one is none.
function sent(values, name) {
  return name && values && values[name] ? values[name].value : '';
}

function handler(event) {
  const request = event.request;
  // Whatever a client says of its cohort is not true.
  delete request.headers[COHORT];
  const userKey = sent(request.headers, SETTINGS.header) || sent(request.cookies, SETTINGS.cookie);
  if (userKey) {
    const number = cohort(userKey, SETTINGS.salt);
    request.headers[COHORT] = { value: (number < 10 ? '0' : '') + number };
  }
  return request;
}
