import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.AuthenticationException;
import ca.uhn.fhir.rest.server.exceptions.ForbiddenOperationException;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.Patient;

/** Drives a server with HAPI's client and tokens of SMART Backend Services. */
public class Token {
  interface Call { void run() throws Exception; }

  private static final FhirContext context = FhirContext.forR4();
  private static final HttpClient http = HttpClient.newHttpClient();
  private static String base;
  private static String endpoint;
  private static String key;
  private static Patient made;

  private static String member(String json, String name) {
    Matcher m = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
    return m.find() ? m.group(1) : "";
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String assertion() throws Exception {
    AlgorithmParameters p = AlgorithmParameters.getInstance("EC");
    p.init(new ECGenParameterSpec("secp384r1"));
    BigInteger secret = new BigInteger(1, Base64.getUrlDecoder().decode(member(key, "d")));
    PrivateKey own = KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(secret, p.getParameterSpec(ECParameterSpec.class)));
    String head = "{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"" + member(key, "kid") + "\"}";
    String claims = "{\"iss\":\"backend\",\"sub\":\"backend\",\"aud\":\"" + endpoint + "\",\"jti\":\"" + UUID.randomUUID() + "\",\"exp\":" + (System.currentTimeMillis() / 1000 + 240) + "}";
    String body = encoded(head.getBytes(StandardCharsets.UTF_8)) + "." + encoded(claims.getBytes(StandardCharsets.UTF_8));
    Signature s = Signature.getInstance("SHA384withECDSAinP1363Format");
    s.initSign(own);
    s.update(body.getBytes(StandardCharsets.UTF_8));
    return body + "." + encoded(s.sign());
  }

  private static String ask(String scope) throws Exception {
    String form = "grant_type=client_credentials&scope=" + URLEncoder.encode(scope, StandardCharsets.UTF_8)
        + "&client_assertion_type=" + URLEncoder.encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", StandardCharsets.UTF_8) + "&client_assertion=" + assertion();
    HttpRequest r = HttpRequest.newBuilder(URI.create(endpoint)).header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(form)).build();
    return http.send(r, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static IGenericClient client(String token) {
    IGenericClient c = context.newRestfulGenericClient(base);
    c.registerInterceptor(new BearerTokenAuthInterceptor(token));
    return c;
  }

  private static void equal(Object got, Object want) {
    if (!want.equals(got)) {
      throw new AssertionError(got + " is not " + want);
    }
  }

  private static void refused(Class<? extends Throwable> kind, Call call) throws Exception {
    try {
      call.run();
    } catch (Throwable e) {
      if (kind.isInstance(e)) {
        return;
      }
      throw new AssertionError("refused in another way", e);
    }
    throw new AssertionError("the call was not refused");
  }

  private static void call(String name, Call call) {
    try {
      call.run();
      System.out.println("ok " + name);
    } catch (Throwable e) {
      String text = e.toString().replaceAll("\\s+", " ");
      System.out.println("miss " + name + ": " + text.substring(0, Math.min(500, text.length())));
    }
  }

  public static void main(String[] args) throws Exception {
    base = args[0];
    key = Files.readString(Path.of(System.getenv("PESTLE_KEY")));
    call("discovery", () -> {
      HttpRequest r = HttpRequest.newBuilder(URI.create(base + "/.well-known/smart-configuration")).build();
      endpoint = member(http.send(r, HttpResponse.BodyHandlers.ofString()).body(), "token_endpoint");
      equal(endpoint.endsWith("/token"), true);
    });
    call("token", () -> equal(member(ask("system/Patient.cruds"), "token_type"), "bearer"));
    call("create", () -> {
      Patient p = new Patient();
      p.addName().setFamily("Token");
      made = (Patient) client(member(ask("system/Patient.cr"), "access_token")).create().resource(p).execute().getResource();
    });
    call("read", () -> equal(client(member(ask("system/Patient.r"), "access_token")).read().resource(Patient.class).withId(made.getIdElement().getIdPart()).execute().getNameFirstRep().getFamily(), "Token"));
    call("search", () -> equal(client(member(ask("system/Patient.s"), "access_token")).search().forResource(Patient.class).where(Patient.FAMILY.matches().value("Token")).returnBundle(Bundle.class).execute().getEntry().isEmpty(), false));
    call("no more than the scope", () -> {
      String token = member(ask("system/Patient.r"), "access_token");
      refused(ForbiddenOperationException.class, () -> client(token).search().forResource(Patient.class).returnBundle(Bundle.class).execute());
    });
    call("not another's token", () -> refused(AuthenticationException.class, () -> client("x".repeat(43)).read().resource(Patient.class).withId("1").execute()));
  }
}
