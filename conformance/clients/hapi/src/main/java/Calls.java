import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.api.SummaryEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.param.DateRangeParam;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.fhir.rest.server.exceptions.PreconditionFailedException;
import ca.uhn.fhir.rest.server.exceptions.ResourceGoneException;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Basic;
import org.hl7.fhir.r4.model.Binary;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.StringType;

/** Drives a server with HAPI's generic client, which reads every answer strictly. */
public class Calls {
  interface Call { void run() throws Exception; }

  private final Map<String, Call> calls = new LinkedHashMap<>();
  private final IGenericClient client;
  private final String unique;
  private Patient made;
  private Bundle page;

  private Calls(FhirContext context, String base, EncodingEnum encoding) {
    client = context.newRestfulGenericClient(base);
    client.setEncoding(encoding);
    client.setPrettyPrint(encoding == EncodingEnum.XML);
    unique = System.nanoTime() + "";
  }

  public static void main(String[] args) {
    FhirContext context = FhirContext.forR4();
    context.setParserErrorHandler(new StrictErrorHandler());
    for (EncodingEnum encoding : List.of(EncodingEnum.JSON, EncodingEnum.XML)) {
      Calls c = new Calls(context, args[0], encoding);
      c.list();
      c.calls.forEach((name, call) -> {
        String label = encoding + " " + name;
        try {
          call.run();
          System.out.println("ok " + label);
        } catch (Throwable e) {
          String text = e.toString().replaceAll("\\s+", " ");
          System.out.println("miss " + label + ": " + text.substring(0, Math.min(500, text.length())));
        }
      });
    }
  }

  private static void equal(Object got, Object want) {
    if (!want.equals(got)) {
      throw new AssertionError(got + " is not " + want);
    }
  }

  private static <T extends Throwable> T refused(Class<T> kind, Call call) throws Exception {
    try {
      call.run();
    } catch (Throwable e) {
      if (kind.isInstance(e)) {
        return kind.cast(e);
      }
      throw new AssertionError("refused in another way", e);
    }
    throw new AssertionError("the call was not refused");
  }

  private Patient patient(String family, String value) {
    Patient p = new Patient();
    p.addIdentifier().setSystem("urn:clients").setValue(value);
    p.addName().setFamily(family).addGiven("A");
    return p;
  }

  private Bundle of(Bundle.BundleType type, IBaseResource... resources) {
    Bundle b = new Bundle();
    b.setType(type);
    for (IBaseResource r : resources) {
      b.addEntry().setResource((org.hl7.fhir.r4.model.Resource) r).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl(((org.hl7.fhir.r4.model.Resource) r).fhirType());
    }
    return b;
  }

  private void list() {
    String token = "identifier=urn:clients|" + unique;
    calls.put("metadata", () -> equal(client.capabilities().ofType(CapabilityStatement.class).execute().getFhirVersion().toCode(), "4.0.1"));
    calls.put("create", () -> {
      MethodOutcome out = client.create().resource(patient("Hapi", unique)).execute();
      equal(out.getCreated(), true);
      made = (Patient) out.getResource();
    });
    calls.put("read", () -> equal(client.read().resource(Patient.class).withId(made.getIdElement().getIdPart()).execute().getNameFirstRep().getFamily(), "Hapi"));
    calls.put("read if none match", () -> equal(client.read().resource(Patient.class).withId(made.getIdElement().getIdPart()).ifVersionMatches("1").returnNull().execute() == null, true));
    calls.put("update", () -> {
      made.getNameFirstRep().setFamily("Hapi2");
      made = (Patient) client.update().resource(made).execute().getResource();
      equal(made.getMeta().getVersionId(), "2");
    });
    calls.put("update stale", () -> {
      Patient old = made.copy();
      old.setId(new IdType("Patient", made.getIdElement().getIdPart(), "1"));
      refused(PreconditionFailedException.class, () -> client.update().resource(old).withAdditionalHeader("If-Match", "W/\"1\"").execute());
    });
    calls.put("vread", () -> equal(client.read().resource(Patient.class).withIdAndVersion(made.getIdElement().getIdPart(), "1").execute().getNameFirstRep().getFamily(), "Hapi"));
    calls.put("elements", () -> equal(client.read().resource(Patient.class).withId(made.getIdElement().getIdPart()).elementsSubset("name").execute().hasIdentifier(), false));
    calls.put("summary", () -> client.read().resource(Patient.class).withId(made.getIdElement().getIdPart()).summaryMode(SummaryEnum.TRUE).execute());
    calls.put("patch by FHIRPath", () -> {
      Parameters p = new Parameters();
      Parameters.ParametersParameterComponent op = p.addParameter().setName("operation");
      op.addPart().setName("type").setValue(new CodeType("add"));
      op.addPart().setName("path").setValue(new StringType("Patient"));
      op.addPart().setName("name").setValue(new StringType("active"));
      op.addPart().setName("value").setValue(new org.hl7.fhir.r4.model.BooleanType(true));
      client.patch().withFhirPatch(p).withId(made.getIdElement().toUnqualifiedVersionless()).execute();
    });
    calls.put("patch by JSON Patch", () -> client.patch().withBody("[{\"op\":\"replace\",\"path\":\"/active\",\"value\":false}]").withId(made.getIdElement().toUnqualifiedVersionless()).execute());
    calls.put("conditional patch", () -> client.patch().withBody("[{\"op\":\"replace\",\"path\":\"/active\",\"value\":true}]").conditionalByUrl("Patient?" + token).execute());
    calls.put("conditional create", () -> {
      MethodOutcome out = client.create().resource(patient("Other", unique)).conditional().where(Patient.IDENTIFIER.exactly().systemAndCode("urn:clients", unique)).execute();
      equal(out.getId().getIdPart(), made.getIdElement().getIdPart());
    });
    calls.put("conditional update", () -> equal(client.update().resource(patient("Hapi3", unique)).conditionalByUrl("Patient?" + token).execute().getId().getIdPart(), made.getIdElement().getIdPart()));
    calls.put("search by GET", () -> equal(client.search().forResource(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode("urn:clients", unique)).returnBundle(Bundle.class).execute().getTotal(), 1));
    calls.put("search by POST", () -> equal(client.search().forResource(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode("urn:clients", unique)).usingStyle(SearchStyleEnum.POST).returnBundle(Bundle.class).execute().getTotal(), 1));
    calls.put("search by GET of _search", () -> equal(client.search().forResource(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode("urn:clients", unique)).usingStyle(SearchStyleEnum.GET_WITH_SEARCH).returnBundle(Bundle.class).execute().getTotal(), 1));
    calls.put("search by URL", () -> equal(client.search().byUrl("Patient?" + token).returnBundle(Bundle.class).execute().getTotal(), 1));
    calls.put("transaction of resources", () -> equal(client.transaction().withResources(List.of(patient("T1", unique + "-t"), patient("T2", unique + "-t"), patient("T3", unique + "-t"))).execute().size(), 3));
    calls.put("transaction", () -> equal(client.transaction().withBundle(of(Bundle.BundleType.TRANSACTION, patient("T4", unique + "-x"))).execute().getEntryFirstRep().getResponse().getStatus(), "201 Created"));
    calls.put("transaction without addresses", () -> {
      Bundle b = new Bundle().setType(Bundle.BundleType.TRANSACTION);
      b.addEntry().setResource(patient("T5", unique + "-x")).getRequest().setMethod(Bundle.HTTPVerb.POST);
      equal(client.transaction().withBundle(b).execute().getEntryFirstRep().getResponse().getStatus(), "201 Created");
    });
    calls.put("batch", () -> equal(client.transaction().withBundle(of(Bundle.BundleType.BATCH, patient("B", unique + "-x"))).execute().getEntryFirstRep().getResponse().getStatus(), "201 Created"));
    calls.put("first page", () -> {
      page = client.search().forResource(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode("urn:clients", unique + "-t")).count(2).returnBundle(Bundle.class).execute();
      equal(page.getEntry().size(), 2);
    });
    calls.put("next page", () -> {
      page = client.loadPage().next(page).execute();
      equal(page.getEntry().size(), 1);
    });
    calls.put("previous page", () -> {
      page = client.loadPage().previous(page).execute();
      equal(page.getEntry().size(), 2);
    });
    calls.put("include", () -> {
      Basic b = new Basic();
      b.getCode().setText("x");
      b.getSubject().setReference("Patient/" + made.getIdElement().getIdPart());
      String id = client.create().resource(b).execute().getId().getIdPart();
      equal(client.search().forResource(Basic.class).where(Basic.RES_ID.exactly().code(id)).include(Basic.INCLUDE_SUBJECT).returnBundle(Bundle.class).execute().getEntry().size(), 2);
    });
    calls.put("history of a resource", () -> equal(client.history().onInstance(made.getIdElement().toUnqualifiedVersionless()).returnBundle(Bundle.class).execute().getTotal() >= 4, true));
    calls.put("history of a range", () -> {
      Date now = new Date();
      equal(client.history().onInstance(made.getIdElement().toUnqualifiedVersionless()).returnBundle(Bundle.class).at(new DateRangeParam(new Date(now.getTime() - 3_600_000), new Date(now.getTime() + 3_600_000))).execute().hasEntry(), true);
    });
    calls.put("history of a type", () -> client.history().onType(Patient.class).returnBundle(Bundle.class).count(5).execute());
    calls.put("history of all", () -> client.history().onServer().returnBundle(Bundle.class).since(new Date(System.currentTimeMillis() - 60_000)).execute());
    calls.put("validate", () -> equal(((OperationOutcome) client.validate().resource(patient("V", "v")).execute().getOperationOutcome()).hasIssue(), true));
    calls.put("operation $validate", () -> {
      Parameters p = new Parameters();
      p.addParameter().setName("resource").setResource(patient("V", "v"));
      client.operation().onType(Patient.class).named("$validate").withParameters(p).returnResourceType(OperationOutcome.class).execute();
    });
    calls.put("error is an OperationOutcome", () -> {
      Patient bad = patient("E", "e");
      bad.addContact();
      bad.getContactFirstRep().setGender(org.hl7.fhir.r4.model.Enumerations.AdministrativeGender.MALE);
      BaseServerResponseException e = refused(BaseServerResponseException.class, () -> client.create().resource(bad).execute());
      equal(((OperationOutcome) e.getOperationOutcome()).hasIssue(), true);
    });
    calls.put("Binary", () -> {
      Binary b = new Binary();
      b.setContentType("text/plain");
      b.setContent("hello".getBytes());
      String id = client.create().resource(b).execute().getId().getIdPart();
      equal(new String(client.read().resource(Binary.class).withId(id).execute().getContent()), "hello");
    });
    calls.put("delete", () -> equal(((OperationOutcome) client.delete().resourceById(made.getIdElement().toUnqualifiedVersionless()).execute().getOperationOutcome()).hasIssue(), true));
    calls.put("conditional delete", () -> client.delete().resourceConditionalByUrl("Patient?" + token).execute());
    calls.put("read of what is deleted", () -> refused(ResourceGoneException.class, () -> client.read().resource(Patient.class).withId(made.getIdElement().getIdPart()).execute()));
  }
}
