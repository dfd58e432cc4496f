// Asks the browser for a passkey where a form needs one, and sends with the form what
// the browser answers: Web Authentication Level 3, section 5.1.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// ask returns the credential that the browser makes, or signs with, in JSON.
async function ask(kind, options) {
  options.challenge = bytes(options.challenge);
  for (const known of options.excludeCredentials ?? []) known.id = bytes(known.id);
  if (options.user) options.user.id = bytes(options.user.id);
  const made = await navigator.credentials[kind]({ publicKey: options });
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  return JSON.stringify({ rawId: text(made.rawId), type: made.type, response });
}

// reason says in words why there is no credential.
function reason(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser answered with no passkey: it was cancelled, took too long, or this device has none for this server.";
    case "InvalidStateError":
      return "This device has a passkey for this server already.";
    case "SecurityError":
      return "The browser does not take this page for one of the server's own: open it by the server's address.";
  }
  return "The browser cannot use passkeys here: " + error.message;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector(".problem");
    const button = form.querySelector("button");
    problem.hidden = true;
    button.disabled = true;
    try {
      if (!navigator.credentials) throw new Error("it is too old, or the address is not a secure one.");
      form.elements.answer.value = await ask(form.dataset.passkey, JSON.parse(form.dataset.options));
      form.submit();
    } catch (error) {
      problem.textContent = reason(error);
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}

// A link to an invitation has its code behind #, which browsers send to no server.
const code = document.getElementById("code");
if (code && !code.value) code.value = decodeURIComponent(location.hash.slice(1));
