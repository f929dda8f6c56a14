import { openWebKit } from "../harness/engines";
import { keepPromises } from "../harness/promises";

keepPromises(openWebKit);
